package decode

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	remap "github.com/checkpoint-restore/go-criu/v8/crit/images/remap-file-path"
	imgtime "github.com/checkpoint-restore/go-criu/v8/crit/images/time"
	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// savedGhost is a deleted file that was read while the archive passed by.
type savedGhost struct {
	*criu.Ghost
	content schema.FileContent
}

// keepGhostEntry keeps the message of a deleted file with --raw; it was decoded
// from the stream, apart from other images.
func (s *set) keepGhostEntry(member string, g *criu.Ghost) {
	if !s.decoder.Raw {
		return
	}
	const offset = 8 // behind the magics
	message := g.Entry.ProtoReflect()
	s.rows.ImageEntries = append(s.rows.ImageEntries, schema.ImageEntry{
		Member: plain(member), Offset: offset, SizeBytes: uint64(proto.Size(g.Entry)), Message: string(message.Descriptor().Name()), EntryJSON: string(criu.AppendJSON(nil, message)),
	})
}

// decodeGhosts fills ghost_files.
func (s *set) decodeGhosts() {
	files := map[uint32][]*openFile{} // by ghost id
	for _, r := range s.files.remaps {
		if kind, id := remapOf(r); kind == remap.RemapType_GHOST {
			if f := s.files.byID[r.GetOrigId()]; f != nil {
				files[id] = append(files[id], f)
			}
		}
	}
	ids := make([]uint32, 0, len(s.ghosts))
	for id := range s.ghosts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		s.rows.GhostFiles = append(s.rows.GhostFiles, s.ghostRow(id, s.ghosts[id], files[id]))
	}
}

func (s *set) ghostRow(id uint32, g *savedGhost, files []*openFile) schema.GhostFile {
	e := g.Entry
	row := schema.GhostFile{
		GhostID: id, UID: e.GetUid(), GID: e.GetGid(), Mode: e.GetMode() & 0o7777, FileKind: fileKind(e.Mode), Device: kernelDevice(e.Dev),
		Inode: e.Ino, RDevice: userDevice(e.Rdev), AccessedAt: timeOf(e.GetAtim()), ModifiedAt: timeOf(e.GetMtim()), Chunked: e.GetChunks(),
		StoredBytes: g.Stored, SHA256: nonEmpty(g.SHA256), SymlinkTarget: optionalText(e.SymlnkTarget),
		FileIDs: []uint32{}, PIDs: []uint32{}, ExePIDs: []uint32{}, FileContent: g.content,
	}
	if e.GetMode()&unix.S_IFMT == unix.S_IFREG {
		row.SizeBytes = &g.Size
		row.IsSetuid, row.IsSetgid = ptr(e.GetMode()&unix.S_ISUID != 0), ptr(e.GetMode()&unix.S_ISGID != 0)
	}
	if e.GetChunks() {
		row.ChunkCount = &g.Chunks
		if len(g.Extents) == int(g.Chunks) {
			row.ChunkOffsets, row.ChunkSizes = []uint64{}, []uint64{}
		} else {
			s.rowProblem("ghost_files", fmt.Sprintf("ghost_id=%d", id), Warning, LimitExceeded, fmt.Sprintf("%d pieces are more than are listed (%d)", g.Chunks, len(g.Extents)))
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
	for _, f := range files {
		row.FileIDs = append(row.FileIDs, f.id)
		if f.path != nil && !slices.Contains(paths, *f.path) {
			paths = append(paths, *f.path)
		}
		row.PIDs = append(row.PIDs, f.pids...)
		for pid, space := range s.spaces {
			if space.GetExeFileId() == f.id {
				row.ExePIDs = append(row.ExePIDs, pid)
				row.PIDs = append(row.PIDs, pid)
			}
			for _, v := range space.GetVmas() {
				if s.mappedFile(v) == f {
					row.PIDs = append(row.PIDs, pid)
				}
			}
		}
	}
	row.Paths = textList(notNil(paths))
	row.PIDs, row.ExePIDs = sortedUnique(row.PIDs), sortedUnique(row.ExePIDs)
	return row
}

func sortedUnique[T cmp.Ordered](list []T) []T {
	slices.Sort(list)
	return slices.Compact(list)
}

// timeOf returns a time of an image, NULL where it is absent or impossible.
func timeOf(t *imgtime.Timeval) *time.Time {
	if t == nil || t.GetTvSec() > 1<<40 || t.GetTvUsec() > 1<<30 {
		return nil
	}
	at := time.Unix(int64(t.GetTvSec()), int64(t.GetTvUsec())*1000)
	return when(at)
}
