package decode

import (
	"bytes"
	"fmt"

	bpfdata "github.com/checkpoint-restore/go-criu/v8/crit/images/bpfmap-data"
	pipedata "github.com/checkpoint-restore/go-criu/v8/crit/images/pipe-data"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/tty"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// decodePipes fills pipe_buffers.
func (s *imageSet) decodePipes() {
	ends := map[string]map[uint32][]*openFile{"pipe": {}, "fifo": {}}
	for _, f := range s.files().order {
		if p := f.entry.GetPipe(); p != nil {
			ends["pipe"][p.GetPipeId()] = append(ends["pipe"][p.GetPipeId()], f)
		}
		if p := f.entry.GetFifo(); p != nil {
			ends["fifo"][p.GetPipeId()] = append(ends["fifo"][p.GetPipeId()], f)
		}
	}
	for _, kind := range []string{"pipe", "fifo"} {
		img := s.image(map[string]string{"pipe": "pipes-data.img", "fifo": "fifo-data.img"}[kind])
		each(s, img, func(e *entry, d *pipedata.PipeDataEntry) {
			row := schema.PipeBuffer{Kind: kind, PipeID: d.GetPipeId(), Position: uint32(e.index), Size: d.GetBytes(), Capacity: d.Size,
				FileIDs: []uint32{}, PIDs: []uint32{}}
			content, whole := s.behind(img, e, uint64(d.GetBytes()))
			row.SHA256, row.Data = contentDigest(content, whole), s.payload(content)
			s.showPayload("pipe_buffers", fmt.Sprintf("kind=%s,position=%d", kind, e.index), content)
			files := ends[kind][row.PipeID]
			delete(ends[kind], row.PipeID) // so that an image that repeats an id costs no more
			for _, f := range files {
				row.FileIDs = append(row.FileIDs, f.id)
				row.PIDs = append(row.PIDs, f.pids...)
				if kind == "fifo" {
					row.Path = f.pathText()
				}
			}
			row.PIDs = sortedUnique(row.PIDs)
			if len(files) == 0 {
				s.rowProblem("pipe_buffers", fmt.Sprintf("kind=%s,position=%d", kind, e.index), Warning, DanglingReference,
					fmt.Sprintf("no open file is an end of %s %d, or an earlier entry has it", kind, row.PipeID))
			}
			add(&s.notes, &s.rows.PipeBuffers, row)
		})
	}
}

// decodeTTYs fills ttys.
func (s *imageSet) decodeTTYs() {
	files := map[uint32][]*openFile{}
	for _, f := range s.files().order {
		if t := f.entry.GetTty(); t != nil {
			files[t.GetTtyInfoId()] = append(files[t.GetTtyInfoId()], f)
		}
	}
	var rows []schema.TTY
	position := map[uint32]int{} // of the row, by id
	keep := func(row schema.TTY) {
		position[row.TTYID] = len(rows)
		row.FileIDs = []uint32{}
		for _, f := range files[row.TTYID] {
			row.FileIDs = append(row.FileIDs, f.id)
			row.Path = f.pathText()
		}
		rows = append(rows, row)
	}
	key := func(id uint32) string { return fmt.Sprintf("tty_id=%d", id) }
	each(s, s.image("tty-info.img"), func(_ *entry, t *tty.TtyInfoEntry) {
		if _, known := position[t.GetId()]; known {
			s.rowProblem("ttys", key(t.GetId()), Error, DuplicateObject, "the id occurs twice in tty-info.img; only the first was decoded")
			return
		}
		keep(s.ttyRow(t))
	})
	each(s, s.image("tty-data.img"), func(_ *entry, d *tty.TtyDataEntry) {
		i, known := position[d.GetTtyId()]
		if !known {
			s.rowProblem("ttys", key(d.GetTtyId()), Warning, DanglingReference, "tty-data.img has input of it, tty-info.img does not have it")
			keep(schema.TTY{TTYID: d.GetTtyId()})
			i = position[d.GetTtyId()]
		}
		row := &rows[i]
		if row.InputBytes != nil {
			s.rowProblem("ttys", key(d.GetTtyId()), Error, DuplicateObject, "the id occurs twice in tty-data.img; only the first was decoded")
			return
		}
		input := d.GetData()
		row.InputBytes, row.InputSHA256, row.Data = ptr(uint64(len(input))), contentDigest(input, true), s.payload(notNil(input))
		s.showPayload("ttys", key(d.GetTtyId()), input)
	})
	for _, row := range rows {
		add(&s.notes, &s.rows.TTYs, row)
	}
}

func (s *imageSet) ttyRow(t *tty.TtyInfoEntry) schema.TTY {
	row := schema.TTY{
		TTYID: t.GetId(), Type: optionalEnum(&criu.TTYType, t.Type), SessionID: t.Sid, PGID: t.Pgrp, Locked: t.Locked, Exclusive: t.Exclusive,
		PacketMode: t.PacketMode, RDevice: userDevice(t.Rdev), Device: userDevice(t.Dev), UID: t.Uid, GID: t.Gid,
	}
	if p := t.GetPty(); p != nil {
		row.PtyIndex = p.Index
	}
	if w := t.GetWinsize(); w != nil {
		row.Rows, row.Columns, row.XPixels, row.YPixels = w.WsRow, w.WsCol, w.WsXpixel, w.WsYpixel
	}
	if m := t.GetTermios(); m != nil {
		names := s.dialect()
		row.InputFlags, row.OutputFlags = optionalFlags(names.TermiosInput, m.CIflag), optionalFlags(names.TermiosOutput, m.COflag)
		row.ControlFlgs, row.LocalFlags = optionalFlags(names.TermiosControl, m.CCflag), optionalFlags(names.TermiosLocal, m.CLflag)
		row.LineDisc, row.InputSpeed, row.OutputSpeed = m.CLine, m.CIspeed, m.COspeed
		row.ControlChrs, row.ControlRaw = s.controlCharacters(m.GetCCc()), notNil(m.GetCCc())
	}
	if m := t.GetTermiosLocked(); m != nil {
		row.LockedInput, row.LockedOutput, row.LockedControl, row.LockedLocal = m.CIflag, m.COflag, m.CCflag, m.CLflag
		row.LockedLineDisc, row.LockedInputSpeed, row.LockedOutputSpeed = m.CLine, m.CIspeed, m.COspeed
		row.LockedControlChrs, row.LockedControlRaw = s.controlCharacters(m.GetCCc()), notNil(m.GetCCc())
	}
	return row
}

// controlCharacters takes the special characters out of the words that CRIU
// copied them into, as bytes. Source: CRIU criu/tty.c, termios_copy.
func (s *imageSet) controlCharacters(words []uint32) []uint32 {
	const count = 19 // NCCS of the kernel, asm-generic/termbits.h
	var memory []byte
	for _, w := range words[:min(len(words), (count+3)/4)] {
		b := make([]byte, 4)
		s.hostOrder().PutUint32(b, w)
		memory = append(memory, b...)
	}
	characters := []uint32{}
	for _, c := range memory[:min(len(memory), count)] {
		characters = append(characters, uint32(c))
	}
	return characters
}

// mapContent is what one entry of bpfmap-data.img holds.
type mapContent struct {
	entry   *bpfdata.BpfmapDataEntry
	content []byte // all keys, then all values
	whole   bool
}

// decodeBPFMaps fills bpf_maps. A map that is open several times is saved as
// often, in the same order.
func (s *imageSet) decodeBPFMaps() {
	contents := map[uint32][]mapContent{}
	var order []uint32
	img := s.image("bpfmap-data.img")
	each(s, img, func(e *entry, d *bpfdata.BpfmapDataEntry) {
		c := mapContent{entry: d}
		c.content, c.whole = s.behind(img, e, uint64(d.GetKeysBytes())+uint64(d.GetValuesBytes()))
		contents[d.GetMapId()] = append(contents[d.GetMapId()], c)
		order = append(order, d.GetMapId())
	})
	for _, f := range s.files().order {
		b := f.entry.GetBpf()
		if b == nil {
			continue
		}
		row := schema.BPFMap{
			FileID: ptr(f.id), MapID: b.GetMapId(), Name: optionalText(b.MapName), Type: optionalEnum(&criu.BPFMapType, b.MapType), KeySize: b.KeySize,
			ValueSize: b.ValueSize, MaxEntries: b.MaxEntries, MapFlags: optionalFlags(&criu.BPFMapFlags, b.MapFlags), MapExtra: b.MapExtra,
			Memlock: b.Memlock, Frozen: b.Frozen, InterfaceIx: b.Ifindex, PIDs: notNil(f.pids),
		}
		if list := contents[row.MapID]; len(list) > 0 {
			s.mapContentColumns(&row, list[0])
			contents[row.MapID] = list[1:]
		}
		add(&s.notes, &s.rows.BPFMaps, row)
	}
	for _, id := range order {
		if list := contents[id]; len(list) > 0 {
			row := schema.BPFMap{MapID: id, PIDs: []uint32{}}
			s.mapContentColumns(&row, list[0])
			contents[id] = list[1:]
			add(&s.notes, &s.rows.BPFMaps, row)
			s.rowProblem("bpf_maps", fmt.Sprintf("map_id=%d", id), Warning, DanglingReference, "no open file is that map")
		}
	}
}

// mapContentColumns fills in the content of a map, and splits it into pairs
// where the sizes agree.
func (s *imageSet) mapContentColumns(row *schema.BPFMap, c mapContent) {
	d := c.entry
	row.EntryCount, row.KeysBytes, row.ValuesBytes = d.Count, d.KeysBytes, d.ValuesBytes
	row.Size = ptr(uint64(d.GetKeysBytes()) + uint64(d.GetValuesBytes()))
	row.SHA256, row.Data = contentDigest(c.content, c.whole), s.payload(c.content)
	s.showPayload("bpf_maps", fmt.Sprintf("map_id=%d", row.MapID), c.content)
	if !c.whole || row.KeySize == nil || row.ValueSize == nil {
		return
	}
	keys, values := c.content[:d.GetKeysBytes()], c.content[d.GetKeysBytes():]
	keySize, valueSize, count := uint64(*row.KeySize), uint64(*row.ValueSize), uint64(d.GetCount())
	if keySize*count != uint64(len(keys)) || valueSize*count != uint64(len(values)) {
		s.rowProblem("bpf_maps", fmt.Sprintf("map_id=%d", row.MapID), Warning, SizeMismatch,
			fmt.Sprintf("%d pairs of %d and %d bytes, but %d bytes of keys and %d of values", count, keySize, valueSize, len(keys), len(values)))
		return
	}
	if row.Data == nil || keySize+valueSize == 0 {
		return
	}
	row.Keys, row.Values = [][]byte{}, [][]byte{}
	for i := range min(count, uint64(s.decoder.PayloadLimit)/(keySize+valueSize)) {
		row.Keys = append(row.Keys, bytes.Clone(keys[i*keySize:(i+1)*keySize]))
		row.Values = append(row.Values, bytes.Clone(values[i*valueSize:(i+1)*valueSize]))
	}
}
