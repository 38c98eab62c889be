package main

import (
	"encoding/binary"
	"fmt"
	"path"
	"testing"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	ghost "github.com/checkpoint-restore/go-criu/v8/crit/images/ghost-file"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/mnt"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/netdev"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pagemap"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pstree"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/regfile"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/seccomp"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/userns"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// imageEntry makes an image as CRIU frames it, of messages and bytes.
func imageEntry(t *testing.T, name string, parts ...any) tarEntry {
	t.Helper()
	kind, _, ok := criu.KindOf(path.Base(name))
	if !ok {
		t.Fatalf("%s is no image", name)
	}
	var data []byte
	if magic, ok := kind.Magic(); ok {
		data = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, 0x54564319), magic)
	}
	for _, p := range parts {
		switch p := p.(type) {
		case []byte:
			data = append(data, p...)
		case proto.Message:
			data = append(data, framed(t, p)...)
		}
	}
	return entryOf("checkpoint/"+name, data)
}

// framed makes an entry: a message with its size in front.
func framed(t *testing.T, m proto.Message) []byte {
	t.Helper()
	message, err := proto.MarshalOptions{AllowPartial: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(message))), message...)
}

// repeated makes n entries.
func repeated(t *testing.T, n int, entry func(i int) proto.Message) []byte {
	var data []byte
	for i := range n {
		data = append(data, framed(t, entry(i))...)
	}
	return data
}

// emptyEntries makes n entries of no bytes: four bytes each.
func emptyEntries(n int) []byte { return make([]byte, 4*n) }

// ghostOfHoles makes a deleted file of one byte and holes.
func ghostOfHoles(t *testing.T, id uint32, size uint64) tarEntry {
	return imageEntry(t, fmt.Sprintf("ghost-file-%x.img", id),
		&ghost.GhostFileEntry{Uid: proto.Uint32(0), Gid: proto.Uint32(0), Mode: proto.Uint32(0o100644), Chunks: proto.Bool(true), Size: proto.Uint64(size)},
		&ghost.GhostChunkEntry{Len: proto.Uint64(1), Off: proto.Uint64(size - 1)}, []byte("x"))
}

// space changes the memory image of the real process.
func space(t *testing.T, change func(*mm.MmEntry)) tarEntry {
	m := &mm.MmEntry{}
	firstMessage(t, "mm-1.img", m)
	change(m)
	return imageEntry(t, "mm-1.img", m)
}

// firstMessage decodes the first entry of an image of the real checkpoint.
func firstMessage(t *testing.T, name string, m proto.Message) {
	t.Helper()
	for _, e := range healthyMembers(t) {
		if path.Base(e.header.Name) != name {
			continue
		}
		kind, _, _ := criu.KindOf(name)
		r, err := criu.NewReader(kind, e.data, false)
		if err != nil {
			t.Fatal(err)
		}
		data, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if err := criu.Unmarshal(data, m); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("no %s", name)
}

func process(pid, ppid uint32, threads ...uint32) *pstree.PstreeEntry {
	if threads == nil {
		threads = []uint32{pid}
	}
	return &pstree.PstreeEntry{Pid: &pid, Ppid: &ppid, Pgid: proto.Uint32(1), Sid: proto.Uint32(1), Threads: threads}
}

// hostileImages are images that lie, or are more than any kernel has.
func hostileImages() []hostile {
	const page = 4096
	images := func(name, status, limit, query, answer string, make func(t *testing.T) []tarEntry) hostile {
		return hostile{name: name, status: status, limit: limit, query: query, answer: answer, write: withMembers(make)}
	}
	mine := " JOIN checkpoints USING (checkpoint_id) WHERE archive_name = 'hostile'"
	list := []hostile{
		images("cyclic process tree", "partial", "", "SELECT count(*) FROM process_tree"+mine, "5", func(t *testing.T) []tarEntry {
			return []tarEntry{imageEntry(t, "pstree.img", process(1, 0), process(2, 3), process(3, 4), process(4, 2), process(5, 5))}
		}),
		images("process chain", "partial", "", "SELECT max(p.depth), max(len(tree_path)), count(*), max(length(tree)) < 500 FROM processes p JOIN process_tree USING (checkpoint_id, pid)", "99999,64,100002,true", func(t *testing.T) []tarEntry {
			return []tarEntry{imageEntry(t, "pstree.img", repeated(t, 100_000, func(i int) proto.Message { return process(uint32(i+1), uint32(i)) }))}
		}),
		images("a million processes", "partial", "max-processes", "SELECT count(*) FROM processes"+mine, "100000", func(t *testing.T) []tarEntry {
			return []tarEntry{imageEntry(t, "pstree.img", repeated(t, 1_000_000, func(i int) proto.Message { return process(uint32(i+1), 0) }))}
		}),
		images("a million threads", "partial", "", "SELECT count(*) BETWEEN 100000 AND 1000000 FROM threads"+mine, "true", func(t *testing.T) []tarEntry {
			threads := make([]uint32, 1_000_000)
			for i := range threads {
				threads[i] = uint32(i + 1)
			}
			return []tarEntry{imageEntry(t, "pstree.img", process(1, 0, threads...))}
		}),
		images("processes that share a table", "partial", "max-rows", "SELECT count(*) FROM file_descriptors"+mine, "1000000", func(t *testing.T) []tarEntry {
			const n = 5000
			ids := &core.TaskKobjIdsEntry{VmId: proto.Uint32(1), FilesId: proto.Uint32(1), FsId: proto.Uint32(1), SighandId: proto.Uint32(1)}
			list := []tarEntry{
				imageEntry(t, "pstree.img", repeated(t, n, func(i int) proto.Message { return process(uint32(i+1), 0) })),
				imageEntry(t, "files.img", repeated(t, n, func(i int) proto.Message {
					return &fdinfo.FileEntry{Type: fdinfo.FdTypes_REG.Enum(), Id: proto.Uint32(uint32(i)), Reg: &regfile.RegFileEntry{Id: proto.Uint32(uint32(i)), Name: proto.String("/f")}}
				})),
				imageEntry(t, "fdinfo-1.img", repeated(t, n, func(i int) proto.Message {
					return &fdinfo.FdinfoEntry{Id: proto.Uint32(uint32(i)), Fd: proto.Uint32(uint32(i)), Flags: proto.Uint32(0), Type: fdinfo.FdTypes_REG.Enum()}
				})),
			}
			for i := range n {
				list = append(list, imageEntry(t, fmt.Sprintf("ids-%d.img", i+1), ids))
			}
			return list
		}),
		images("empty messages", "partial", "max-archive-memory", "", "", func(t *testing.T) []tarEntry {
			return []tarEntry{imageEntry(t, "files.img", emptyEntries(15<<20)), imageEntry(t, "fdinfo-1.img", emptyEntries(15<<20)), imageEntry(t, "remap-fpath.img", emptyEntries(15<<20))}
		}),
		images("a list of empty messages", "partial", "max-archive-memory", "", "", func(t *testing.T) []tarEntry {
			m := make([]byte, 60<<20) // field 14 of mm_entry, no bytes
			for i := 0; i < len(m); i += 2 {
				m[i] = 14<<3 | 2
			}
			return []tarEntry{imageEntry(t, "mm-1.img", binary.LittleEndian.AppendUint32(nil, uint32(len(m))), m)}
		}),
		images("messages nested without end", "partial", "", "", "", func(t *testing.T) []tarEntry {
			var m []byte
			for range 20_000 { // namespaces of namespaces: aa_namespace is field 1 of apparmor_entry, and field 3 of itself
				m = append(append([]byte{3<<3 | 2}, binary.AppendUvarint(nil, uint64(len(m)))...), m...)
			}
			m = append(append([]byte{1<<3 | 2}, binary.AppendUvarint(nil, uint64(len(m)))...), m...)
			return []tarEntry{imageEntry(t, "apparmor.img", binary.LittleEndian.AppendUint32(nil, uint32(len(m))), m)}
		}),
		images("unknown fields", "partial", "max-archive-memory", "", "", func(t *testing.T) []tarEntry {
			m := make([]byte, 60<<20)
			for i := 0; i < len(m); i += 3 {
				m[i], m[i+1], m[i+2] = 0xf8, 0x3f, 1
			}
			return []tarEntry{imageEntry(t, "cgroup.img", binary.LittleEndian.AppendUint32(nil, uint32(len(m))), m)}
		}),
		images("overlapping mappings", "ok", "", "SELECT count(*) FROM problems"+mine+" AND message LIKE '%overlap%'", "1", func(t *testing.T) []tarEntry {
			return []tarEntry{space(t, func(m *mm.MmEntry) {
				for i := range 50_000 {
					m.Vmas = append(m.Vmas, mapping(uint64(page*(i+1)), 1<<47))
				}
			})}
		}),
		images("ranges that wrap", "ok", "", "SELECT count(*) FROM memory_mappings"+mine+" AND size_bytes = 0", "3", func(t *testing.T) []tarEntry {
			return []tarEntry{space(t, func(m *mm.MmEntry) {
				m.Vmas = append(m.Vmas, mapping(1<<64-page, page), mapping(1<<64-1, 0), mapping(1<<63, 1), mapping(0, 1<<64-1))
				m.MmArgStart, m.MmArgEnd = proto.Uint64(1<<64-10), proto.Uint64(1<<64-1)
				m.MmEnvStart, m.MmEnvEnd = proto.Uint64(1<<64-page-1), proto.Uint64(1<<64-1)
			})}
		}),
		images("page size 0", "ok", "", "SELECT page_size, page_size_source FROM checkpoints WHERE archive_name = 'hostile'", "4096,default", func(t *testing.T) []tarEntry {
			return []tarEntry{space(t, func(m *mm.MmEntry) { m.MmSavedAuxv = []uint64{6, 0, 6, 3, 0, 0} })}
		}),
		images("runs beyond the pages", "partial", "", "", "", func(t *testing.T) []tarEntry {
			return []tarEntry{imageEntry(t, "pagemap-1.img", &pagemap.PagemapHead{PagesId: proto.Uint32(1)}, pageRun(0, 1<<32), pageRun(1<<44, 1<<52), pageRun(1<<63, 1<<51), pageRun(1<<64-page, 1))}
		}),
		images("counts of 2^64-1", "partial", "", "", "", func(t *testing.T) []tarEntry {
			return []tarEntry{imageEntry(t, "pagemap-1.img", &pagemap.PagemapHead{PagesId: proto.Uint32(1)}, pageRun(0, 1<<64-1), pageRun(page, 1<<64-1)),
				imageEntry(t, "pagemap-shmem-5.img", &pagemap.PagemapHead{PagesId: proto.Uint32(2)}, pageRun(0, 1<<64-1), pageRun(0, 1<<32))}
		}),
		images("page maps of empty runs", "partial", "max-archive-memory", "", "", func(t *testing.T) []tarEntry {
			return []tarEntry{imageEntry(t, "pagemap-1.img", &pagemap.PagemapHead{PagesId: proto.Uint32(1)}, emptyEntries(15<<20))}
		}),
		images("command lines of zeros", "partial", "max-archive-memory", "", "", func(t *testing.T) []tarEntry {
			const n = 200
			list := []tarEntry{imageEntry(t, "pstree.img", repeated(t, n, func(i int) proto.Message { return process(uint32(i+1), 0) }))}
			zeros := &mm.MmEntry{}
			firstMessage(t, "mm-1.img", zeros)
			zeros.Vmas = []*vma.VmaEntry{mapping(0, 1<<40)}
			zeros.MmArgStart, zeros.MmArgEnd = proto.Uint64(page), proto.Uint64(page+8<<20)
			zeros.MmEnvStart, zeros.MmEnvEnd = proto.Uint64(page), proto.Uint64(page+8<<20)
			for i := range n {
				list = append(list, imageEntry(t, fmt.Sprintf("mm-%d.img", i+1), zeros),
					imageEntry(t, fmt.Sprintf("pagemap-%d.img", i+1), &pagemap.PagemapHead{PagesId: proto.Uint32(uint32(i + 1))}),
					entryOf(fmt.Sprintf("checkpoint/pages-%d.img", i+1), nil))
			}
			return list
		}),
		images("a path of megabytes in every row", "partial", "max-archive-memory", "", "", func(t *testing.T) []tarEntry {
			long := make([]byte, 2<<20)
			for i := range long {
				long[i] = 'a'
			}
			return []tarEntry{
				imageEntry(t, "ids-1.img", &core.TaskKobjIdsEntry{VmId: proto.Uint32(1), FilesId: proto.Uint32(1), FsId: proto.Uint32(1), SighandId: proto.Uint32(1)}),
				imageEntry(t, "files.img", &fdinfo.FileEntry{Type: fdinfo.FdTypes_REG.Enum(), Id: proto.Uint32(1), Reg: &regfile.RegFileEntry{Id: proto.Uint32(1), Name: proto.String(string(long))}}),
				imageEntry(t, "fdinfo-1.img", repeated(t, 20_000, func(i int) proto.Message {
					return &fdinfo.FdinfoEntry{Id: proto.Uint32(1), Fd: proto.Uint32(uint32(i)), Flags: proto.Uint32(0), Type: fdinfo.FdTypes_REG.Enum()}
				})),
				imageEntry(t, "mountpoints-9.img", repeated(t, 50, func(i int) proto.Message {
					return &mnt.MntEntry{MntId: proto.Uint32(uint32(i)), Mountpoint: proto.String(string(long)), Root: proto.String("/"), RootDev: proto.Uint32(uint32(i))}
				})),
			}
		}),
		images("a hundred thousand dangling references", "ok", "", "SELECT count(*) < 5000 FROM problems"+mine, "true", func(t *testing.T) []tarEntry {
			return []tarEntry{imageEntry(t, "ids-1.img", &core.TaskKobjIdsEntry{VmId: proto.Uint32(1), FilesId: proto.Uint32(1), FsId: proto.Uint32(1), SighandId: proto.Uint32(1)}),
				imageEntry(t, "fdinfo-1.img", repeated(t, 100_000, func(i int) proto.Message {
					return &fdinfo.FdinfoEntry{Id: proto.Uint32(uint32(i + 1000)), Fd: proto.Uint32(uint32(i)), Flags: proto.Uint32(0), Type: fdinfo.FdTypes_REG.Enum()}
				}))}
		}),
		images("netlink messages of no length", "partial", "", "", "", func(t *testing.T) []tarEntry {
			var list []tarEntry
			for _, name := range []string{"route-9.img", "route6-9.img", "rule-9.img", "ifaddr-9.img"} {
				magic := map[byte]uint32{'i': 0x47361222, 'r': 0x45311224}[name[0]]
				if name[1] == 'u' {
					magic = 0x71706986
				}
				list = append(list, imageEntry(t, name, binary.LittleEndian.AppendUint32(nil, magic), make([]byte, 64)))
			}
			ct := binary.LittleEndian.AppendUint32(nil, 28) // an attribute of no length
			ct = append(ct, make([]byte, 24)...)
			return append(list, imageEntry(t, "netns-ct-9.img", make([]byte, 64)), imageEntry(t, "netns-exp-9.img", ct))
		}),
		images("seccomp filters in a circle", "ok", "", "SELECT count(*) FROM seccomp_filters"+mine+" AND chain_length IS NULL", "30000", func(t *testing.T) []tarEntry {
			e := &seccomp.SeccompEntry{}
			for i := range uint32(30_000) {
				e.SeccompFilters = append(e.SeccompFilters, &seccomp.SeccompFilter{Filter: make([]byte, 8), Prev: proto.Uint32((i + 1) % 30_000)})
			}
			return []tarEntry{imageEntry(t, "seccomp.img", e)}
		}),
		images("namespaces in a circle", "ok", "", "", "", func(t *testing.T) []tarEntry {
			ids := func(id uint32) []*netdev.NetnsId {
				return []*netdev.NetnsId{{TargetNsId: proto.Uint32(id), NetnsidValue: proto.Int32(1)}}
			}
			extent := []*userns.UidGidExtent{{First: proto.Uint32(0), LowerFirst: proto.Uint32(1<<32 - 1), Count: proto.Uint32(1<<32 - 1)}}
			return []tarEntry{imageEntry(t, "netns-5.img", &netdev.NetnsEntry{Nsids: ids(6)}), imageEntry(t, "netns-6.img", &netdev.NetnsEntry{Nsids: ids(5)}),
				imageEntry(t, "userns-5.img", &userns.UsernsEntry{UidMap: extent, GidMap: extent})}
		}),
	}
	for i := range list {
		switch list[i].name {
		case "process chain", "a million threads":
			list[i].both, list[i].memory = true, 512<<20
		case "a million processes":
			list[i].memory = 512 << 20
		case "processes that share a table":
			list[i].memory = 768 << 20
		}
	}
	return list
}

func mapping(start, end uint64) *vma.VmaEntry {
	return &vma.VmaEntry{
		Start: &start, End: &end, Pgoff: proto.Uint64(0), Shmid: proto.Uint64(0), Prot: proto.Uint32(3), Flags: proto.Uint32(0x22),
		Status: proto.Uint32(criu.VMAAnonPrivate | 1), Fd: proto.Int64(-1),
	}
}

func pageRun(address, pages uint64) *pagemap.PagemapEntry {
	return &pagemap.PagemapEntry{Vaddr: &address, NrPages: &pages, CompatNrPages: proto.Uint32(0), Flags: proto.Uint32(criu.PagePresent)}
}
