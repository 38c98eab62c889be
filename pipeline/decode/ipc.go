package decode

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/autofs"
	binfmt "github.com/checkpoint-restore/go-criu/v8/crit/images/binfmt-misc"
	ipcdesc "github.com/checkpoint-restore/go-criu/v8/crit/images/ipc-desc"
	ipcmsg "github.com/checkpoint-restore/go-criu/v8/crit/images/ipc-msg"
	ipcsem "github.com/checkpoint-restore/go-criu/v8/crit/images/ipc-sem"
	ipcshm "github.com/checkpoint-restore/go-criu/v8/crit/images/ipc-shm"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// segment is one entry of ipcns-shm-*.img: a segment of System V shared memory.
type segment struct {
	img     *image // names the namespace
	entry   *ipcshm.IpcShmEntry
	content []byte // nil where page maps have it
	whole   bool
}

// segments returns the segments of System V shared memory.
func (s *imageSet) segments() []segment {
	return s.facts.segments.get(func() (list []segment) {
		for _, img := range s.ofKind("IPCNS_SHM") {
			each(s, img, func(e *entry, m *ipcshm.IpcShmEntry) {
				g := segment{img: img, entry: m}
				if !m.GetInPagemaps() {
					g.content, g.whole = s.padded(img, e, m.GetSize(), 4)
				}
				list = append(list, g)
			})
		}
		return list
	})
}

// decodeIPC fills ipc_objects.
func (s *imageSet) decodeIPC() {
	type name struct {
		namespace, id uint32
		kind          string
	}
	seen := map[name]bool{}
	keep := func(row schema.IPCObject) {
		n := name{row.IpcNsID, row.ID, row.Kind}
		if seen[n] {
			s.rowProblem("ipc_objects", objectKey(&row), Error, DuplicateObject, "the id occurs twice; only the first object was kept")
			return
		}
		seen[n] = true
		add(&s.notes, &s.rows.IPCObjects, row)
	}
	for _, g := range s.segments() {
		row := s.objectRow(g.img, "shm", g.entry.GetDesc())
		row.SegmentBytes, row.InPagemaps, row.HugetlbFlag = g.entry.Size, g.entry.InPagemaps, g.entry.HugetlbFlag
		if !g.entry.GetInPagemaps() {
			row.SHA256, row.Data = contentDigest(g.content, g.whole), s.payload(g.content)
			s.showPayload("ipc_objects", objectKey(&row), g.content)
			if g.whole {
				row.Size = g.entry.Size
			}
		}
		keep(row)
	}
	for _, img := range s.ofKind("IPCNS_SEM") {
		each(s, img, func(e *entry, m *ipcsem.IpcSemEntry) {
			row := s.objectRow(img, "sem", m.GetDesc())
			row.SemaphoreCount = m.Nsems
			content, whole := s.padded(img, e, 2*uint64(m.GetNsems()), 8)
			if whole {
				row.SemaphoreValues = make([]uint16, m.GetNsems())
				for i := range row.SemaphoreValues {
					row.SemaphoreValues[i] = e.reader.Order.Uint16(content[2*i:])
				}
			}
			keep(row)
		})
	}
	for _, img := range s.ofKind("IPCNS_MSG") {
		each(s, img, func(e *entry, m *ipcmsg.IpcMsgEntry) {
			row := s.objectRow(img, "msg", m.GetDesc())
			row.QueueMaxBytes, row.MessageCount = m.Qbytes, m.Qnum
			s.messageColumns(&row, img, e, m.GetQnum())
			keep(row)
		})
	}
}

func objectKey(row *schema.IPCObject) string {
	return fmt.Sprintf("ipc_ns_id=%d,kind=%s,id=%d", row.IpcNsID, row.Kind, row.ID)
}

func (s *imageSet) objectRow(img *image, kind string, d *ipcdesc.IpcDescEntry) schema.IPCObject {
	return schema.IPCObject{
		IpcNsID: s.namespaceID(img), Kind: kind, ID: d.GetId(), Key: d.GetKey(), UID: d.GetUid(), GID: d.GetGid(),
		CreatorUID: d.GetCuid(), CreatorGID: d.GetCgid(), Mode: d.GetMode(),
	}
}

// padded takes n bytes of content from behind an entry, and the padding that
// makes them a multiple of align.
func (s *imageSet) padded(img *image, e *entry, n, align uint64) (content []byte, whole bool) {
	padding := (align - n%align) % align
	if n+padding < n { // more than any image can hold: without padding it is as much too much
		padding = 0
	}
	content, whole = s.behind(img, e, n+padding)
	return content[:min(n, uint64(len(content)))], whole
}

// messageColumns takes the messages of a queue from behind its entry: each is
// a size, a message of its own, and content padded to 8 bytes.
func (s *imageSet) messageColumns(row *schema.IPCObject, img *image, e *entry, count uint32) {
	row.MessageTypes, row.MessageSizes, row.MessageSHA256 = []uint64{}, []uint32{}, []string{}
	if s.decoder.PayloadLimit > 0 {
		row.Messages = [][]byte{}
	}
	var size uint64
	digest := sha256.New()
	incomplete := false
	for range count {
		word, whole := s.behind(img, e, 4)
		if !whole {
			return
		}
		data, whole := s.behind(img, e, uint64(e.reader.Order.Uint32(word)))
		if !whole {
			return
		}
		m := &ipcmsg.IpcMsg{}
		err := criu.Unmarshal(data, m)
		if err != nil && !incomplete {
			s.imageProblem(img, &criu.ImageError{Code: Malformed, Entry: e.index, Offset: e.offset, Err: fmt.Errorf("message %d: %w", len(row.MessageSizes), err)})
		}
		incomplete = errors.Is(err, criu.ErrMissingField) // of several, one is told of
		if err != nil && !incomplete {
			e.reader.Skip() // what follows may be found, but not trusted
			return
		}
		s.unknownFields(img, e.index, m, data)
		content, whole := s.padded(img, e, uint64(m.GetMsize()), 8)
		if !whole {
			return
		}
		row.MessageTypes, row.MessageSizes = append(row.MessageTypes, m.GetMtype()), append(row.MessageSizes, m.GetMsize())
		row.MessageSHA256 = append(row.MessageSHA256, *contentDigest(content, true))
		if row.Messages != nil {
			row.Messages = append(row.Messages, s.payload(content))
		}
		s.showPayload("ipc_objects", objectKey(row), content)
		size += uint64(len(content))
		digest.Write(content)
	}
	row.Size, row.SHA256 = &size, ptr(hex.EncodeToString(digest.Sum(nil)))
}

// decodeAutomounts fills autofs_mounts and binfmt_misc_entries.
func (s *imageSet) decodeAutomounts() {
	for _, img := range s.ofKind("AUTOFS") {
		device := uint32(img.number)
		each(s, img, func(_ *entry, a *autofs.AutofsEntry) {
			row := schema.AutofsMount{
				Device: kernelDevice(&device), FD: a.GetFd(), PGID: a.GetPgrp(), Timeout: a.GetTimeout(), MinProto: a.GetMinproto(),
				MaxProto: a.GetMaxproto(), Mode: autofsMode(a.Mode), UID: a.Uid, GID: a.Gid, ReadFD: a.ReadFd,
			}
			if mountpoint, ok := s.mounts().byDevice[device]; ok {
				row.Mountpoint = text(mountpoint)
			}
			add(&s.notes, &s.rows.AutofsMounts, row)
		})
	}
	for _, img := range s.ofKind("BINFMT_MISC") {
		each(s, img, func(e *entry, b *binfmt.BinfmtMiscEntry) {
			row := schema.BinfmtMiscEntry{
				Position: uint32(e.index), Name: optionalText(b.Name), Enabled: b.GetEnabled(), Interpreter: optionalText(b.Interpreter),
				Flags: optionalText(b.Flags), Extension: optionalText(b.Extension), Magic: optionalText(b.Magic), Mask: optionalText(b.Mask), Offset: b.Offset,
			}
			if img.kind.Number == criu.DeviceID {
				row.Device = kernelDevice(ptr(uint32(img.number)))
			}
			add(&s.notes, &s.rows.BinfmtMiscEntries, row)
		})
	}
}

func autofsMode(v *int32) schema.Enum {
	if v == nil {
		return schema.Enum{}
	}
	return enum(&criu.AutofsMode, uint32(*v))
}
