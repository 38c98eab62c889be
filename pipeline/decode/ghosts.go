package decode

import (
	"fmt"
	"io"
	"slices"

	remap "github.com/checkpoint-restore/go-criu/v8/crit/images/remap-file-path"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/kernel"
	"github.com/ckexport/ckexport/schema"
)

// savedGhost is a deleted file that was read while the archive passed by.
//
// Without a Ghost it is known only that the image is there.
type savedGhost struct {
	*criu.Ghost
	member  string
	content schema.FileContent
}

// keepGhostEntry keeps the message of a deleted file with --raw; it was decoded
// from the stream, apart from other images.
func (s *imageSet) keepGhostEntry(member string, g *criu.Ghost) {
	if !s.decoder.Raw {
		return
	}
	const offset = 8 // behind the magics
	s.keepMessage(member, 0, offset, uint64(proto.Size(g.Entry)), g.Entry)
}

// readGhost reads a deleted file from a stream. A file of holes has few bytes in
// the archive, and as many as it says to hash: they count as expanded.
func (s *imageSet) readGhost(m *archive.Member, id uint32, in io.Reader) error {
	d := s.decoder
	most := min(d.Limits.HashedFileBytes, uint64(d.opener.Allowed(m.Size)))
	sniffer := d.newSniffer()
	scanned := s.newContentScan()
	taken := s.container.copyOut(Content{Origin: "ghost", File: m, GhostID: id})
	if taken != nil {
		taken.dir = s.dir
	}
	program := s.holdELF(heldELF{ghost: &id, set: s})
	g, err := criu.ReadGhost(in, most, uint64(max(d.PayloadLimit, 0)), taken.copyTo(io.MultiWriter(sniffer, scanned, program)))
	s.container.keepELF(program)
	s.keepHits(contentMatches{origin: "ghost", table: "ghost_files", key: ghostKey(id), ghost: id, hits: scanned.end()})
	taken.failed(err)
	if g == nil {
		return err
	}
	d.opener.Spend(m.Size, int64(min(g.Size, most)-min(g.Stored, g.Size, most)))
	if g.Size > most && err == nil {
		s.container.passedBy(d.Limits.ratio(), m.Name, fmt.Sprintf("a file of %d bytes with its holes was not hashed", g.Size))
		taken.failed(fmt.Errorf("%w: only the first %d bytes, with holes", errUnsupported, most))
	}
	s.keepGhostEntry(m.Name, g)
	saved := &savedGhost{Ghost: g, member: m.Name}
	if g.SHA256 != "" { // the content is whole
		saved.content = contentColumns(sniffer.Facts())
	}
	if !s.take(setBytes + int64(len(g.Content)+16*len(g.Extents))) {
		g.Content, g.Extents = nil, nil
		s.container.passedBy(d.Limits.memory(), m.Name, "the archive takes more memory; the file's content and pieces are left out")
	}
	s.ghosts[id] = saved
	return err
}

// decodeGhosts fills ghost_files.
func (s *imageSet) decodeGhosts() {
	files := map[uint32][]*openFile{} // by ghost id
	used := s.usersOfFiles()
	for _, r := range s.files().remaps {
		if kind, id := remapOf(r); kind == remap.RemapType_GHOST {
			f := s.files().byID[r.GetOrigId()]
			if use := used[f]; use != nil && !use.taken { // an image may name a file many times over
				use.taken = true
				files[id] = append(files[id], f)
			}
		}
	}
	ids := make([]uint32, 0, len(s.ghosts))
	for id, g := range s.ghosts {
		if g.Ghost != nil { // else its image is there and could not be read
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		add(&s.notes, &s.rows.GhostFiles, s.ghostRow(id, s.ghosts[id], files[id], used))
	}
}

func ghostKey(id uint32) string { return fmt.Sprintf("ghost_id=%d", id) }

// fileUse is by which processes a file is mapped, or is the program of.
type fileUse struct {
	mappers, exes []uint32
	taken         bool // by a ghost
}

// usersOfFiles returns the use of every open file.
func (s *imageSet) usersOfFiles() map[*openFile]*fileUse {
	used := make(map[*openFile]*fileUse, len(s.files().order))
	for _, f := range s.files().order {
		used[f] = &fileUse{}
	}
	for pid, space := range s.spaces() {
		if f := s.files().byID[space.GetExeFileId()]; f != nil {
			used[f].exes = append(used[f].exes, pid)
		}
		for _, v := range space.GetVmas() {
			if f := s.mappedFile(v); f != nil {
				if m := used[f].mappers; len(m) == 0 || m[len(m)-1] != pid {
					used[f].mappers = append(m, pid)
				}
			}
		}
	}
	return used
}

func (s *imageSet) ghostRow(id uint32, g *savedGhost, files []*openFile, used map[*openFile]*fileUse) schema.GhostFile {
	e := g.Entry
	row := schema.GhostFile{
		GhostID: id, UID: e.GetUid(), GID: e.GetGid(), Mode: e.GetMode() & 0o7777, FileKind: fileKind(e.Mode), Device: kernelDevice(e.Dev),
		Inode: e.Ino, RDevice: userDevice(e.Rdev), AccessedAt: timeOf(e.GetAtim()), ModifiedAt: timeOf(e.GetMtim()), Chunked: e.GetChunks(),
		StoredBytes: g.Stored, SHA256: nonEmpty(g.SHA256), SymlinkTarget: optionalText(e.SymlnkTarget),
		FileIDs: []uint32{}, PIDs: []uint32{}, ExePIDs: []uint32{}, FileContent: g.content,
	}
	if e.GetMode()&kernel.S_IFMT == kernel.S_IFREG {
		row.SizeBytes = &g.Size
		row.IsSetuid, row.IsSetgid = ptr(e.GetMode()&kernel.S_ISUID != 0), ptr(e.GetMode()&kernel.S_ISGID != 0)
	}
	if e.GetChunks() {
		row.ChunkCount = &g.Chunks
		if len(g.Extents) == int(g.Chunks) {
			row.ChunkOffsets, row.ChunkSizes = []uint64{}, []uint64{}
		} else {
			s.rowProblem("ghost_files", ghostKey(id), Warning, LimitExceeded, fmt.Sprintf("%d pieces are more than are listed (%d)", g.Chunks, len(g.Extents)))
		}
		for _, x := range g.Extents {
			if row.ChunkOffsets != nil {
				row.ChunkOffsets, row.ChunkSizes = append(row.ChunkOffsets, x.Offset), append(row.ChunkSizes, x.Size)
			}
		}
	}
	if s.decoder.PayloadLimit > 0 && row.SizeBytes != nil {
		row.Data = notNil(g.Content)
	}
	var paths []string
	seen := map[string]bool{}
	for _, f := range files {
		row.FileIDs = append(row.FileIDs, f.id)
		if f.path != nil && !seen[*f.path] {
			seen[*f.path] = true
			paths = append(paths, *f.path)
		}
		row.PIDs = append(row.PIDs, f.pids...)
		row.ExePIDs = append(row.ExePIDs, used[f].exes...)
		row.PIDs = append(append(row.PIDs, used[f].exes...), used[f].mappers...)
	}
	s.checkGhostSize(g, files)
	row.Paths = textList(notNil(paths))
	row.PIDs, row.ExePIDs = sortedUnique(row.PIDs), sortedUnique(row.ExePIDs)
	return row
}

// checkGhostSize notes where the content of a deleted file, read to its end, has another
// size than files.img says the open file had.
func (s *imageSet) checkGhostSize(g *savedGhost, files []*openFile) {
	for _, f := range files {
		size := f.entry.GetReg().Size
		if g.SHA256 == "" || size == nil || *size == g.Size {
			continue
		}
		severity := Warning
		if g.Size < *size {
			severity = Error
		}
		s.container.memberProblem(g.member, severity, SizeMismatch, fmt.Sprintf("a file of %d bytes, but it had %d when it was open, as file %d", g.Size, *size, f.id))
		return
	}
}
