package workload

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pagemap"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pstree"
	"google.golang.org/protobuf/proto"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
)

// fleet adds processes to the base: children of its process, each with its
// own memory and its own table of descriptors.
type fleet struct {
	*base
	parent  *process
	ids     core.TaskKobjIdsEntry
	tree    []proto.Message
	files   []proto.Message
	regular *fdinfo.FileEntry
	socket  *fdinfo.FileEntry
	stack   *pagemap.PagemapEntry // the pages with the arguments
	content []byte                // of these
	lastID  uint32
}

// makeProcesses makes an archive of n processes, with fds descriptors together.
func makeProcesses(originals, dir string, seed uint64, n, fds int) error {
	b, err := readBase(originals)
	if err != nil {
		return err
	}
	f := &fleet{base: b, lastID: 100_000}
	if err := f.readParent(); err != nil {
		return err
	}
	r, left := newRand(seed, "processes"), fds
	for pid := uint32(101); len(f.tree) < n; pid++ {
		if err := f.addProcess(pid); err != nil {
			return err
		}
		var table []proto.Message
		processes := n - len(f.tree) + 1            // that need descriptors
		share := (left + processes - 1) / processes // rounded up
		left -= share
		for fd := range uint32(share) {
			entry := &fdinfo.FdinfoEntry{Id: proto.Uint32(f.lastID), Flags: proto.Uint32(0), Fd: proto.Uint32(fd), Type: fdinfo.FdTypes_REG.Enum()}
			switch {
			case fd%10 == 9: // a duplicate of the last one, which is a file
			case fd%10 == 4:
				entry.Id, entry.Type = proto.Uint32(f.addSocket(r.Uint32(), r.Uint32())), fdinfo.FdTypes_INETSK.Enum()
			default:
				entry.Id = proto.Uint32(f.addFile(fmt.Sprintf("/srv/tenant-%03d/segment-%06d.db", pid%97, f.lastID), r.Uint64N(1<<30)))
			}
			table = append(table, entry)
		}
		if err := f.addLike("fdinfo-2.img", fmt.Sprintf("fdinfo-%d.img", pid), table...); err != nil {
			return err
		}
	}
	if err := errors.Join(b.replace("pstree.img", f.tree...), b.replace("files.img", f.files...)); err != nil {
		return err
	}
	return b.write(filepath.Join(dir, "processes.tar.zst"), zstdC, nil)
}

// readParent reads what is copied.
func (f *fleet) readParent() (err error) {
	if f.parent, err = f.process(); err != nil {
		return err
	}
	_, err = f.read("pstree.img", func(int) proto.Message {
		f.tree = append(f.tree, &pstree.PstreeEntry{})
		return f.tree[len(f.tree)-1]
	})
	if err != nil {
		return err
	}
	_, err = f.read("files.img", func(int) proto.Message {
		e := &fdinfo.FileEntry{}
		f.files = append(f.files, e)
		return e
	})
	if err != nil {
		return err
	}
	for _, m := range f.files {
		switch e := m.(*fdinfo.FileEntry); {
		case e.Reg != nil && e.Reg.GetMode()&0o170000 == 0o100000:
			f.regular = e
		case e.Isk != nil && e.Isk.GetDstPort() != 0:
			f.socket = e
		}
	}
	if f.regular == nil || f.socket == nil {
		return fmt.Errorf("%s has no file or no connected socket", baseName)
	}
	if _, err = f.read("ids-1.img", func(int) proto.Message { return &f.ids }); err != nil {
		return err
	}
	return f.findStack()
}

// findStack finds the pages that hold arguments and environment.
func (f *fleet) findStack() error {
	var before uint64
	for _, r := range f.parent.runs {
		n := max(r.GetNrPages(), uint64(r.GetCompatNrPages()))
		if start := r.GetVaddr(); start <= f.parent.space.GetMmArgStart() && f.parent.space.GetMmEnvEnd() <= start+n*pageSize {
			f.stack, f.content = r, f.parent.pages[before*pageSize:(before+n)*pageSize]
			return nil
		}
		before += n
	}
	return fmt.Errorf("%s has no pages with the arguments", baseName)
}

// addProcess adds the images of one process.
func (f *fleet) addProcess(pid uint32) error {
	first := f.tree[0].(*pstree.PstreeEntry)
	f.tree = append(f.tree, &pstree.PstreeEntry{Pid: proto.Uint32(pid), Ppid: first.Pid, Pgid: first.Pgid, Sid: first.Sid, Threads: []uint32{pid}})
	ids := proto.Clone(&f.ids).(*core.TaskKobjIdsEntry)
	ids.VmId, ids.FilesId, ids.FsId, ids.SighandId = &pid, &pid, &pid, &pid
	head := proto.Clone(&f.parent.head).(*pagemap.PagemapHead)
	head.PagesId = &pid
	for _, name := range []string{"core", "mm", "fs"} {
		m, err := f.member(name + "-1.img")
		if err != nil {
			return err
		}
		f.add(&member{headerNamed(m, fmt.Sprintf("%s-%d.img", name, pid)), m.data})
	}
	content := slices.Clone(f.content)
	binary.LittleEndian.PutUint32(content, pid) // the far end of the stack
	m, err := f.member("pages-1.img")
	if err != nil {
		return err
	}
	f.add(&member{headerNamed(m, fmt.Sprintf("pages-%d.img", pid)), content})
	return errors.Join(
		f.addLike("ids-1.img", fmt.Sprintf("ids-%d.img", pid), ids),
		f.addLike("pagemap-1.img", fmt.Sprintf("pagemap-%d.img", pid), head, f.stack))
}

// addLike adds an image of the kind of another one.
func (f *fleet) addLike(model, name string, list ...proto.Message) error {
	m, err := f.member(model)
	if err != nil {
		return err
	}
	made, err := f.like(m, name, list...)
	if err == nil {
		f.add(made)
	}
	return err
}

// addFile adds an open file and returns its id.
func (f *fleet) addFile(path string, size uint64) uint32 {
	f.lastID++
	e := proto.Clone(f.regular).(*fdinfo.FileEntry)
	id := f.lastID
	e.Id, e.Reg.Id, e.Reg.Name, e.Reg.Size = &id, &id, &path, &size
	e.Reg.BuildId = nil
	f.files = append(f.files, e)
	return id
}

// addSocket adds a connected UDP socket, which needs no image of its own, and
// returns its id.
func (f *fleet) addSocket(address, ports uint32) uint32 {
	const udp, dgram = 17, 2
	f.lastID++
	e := proto.Clone(f.socket).(*fdinfo.FileEntry)
	id := f.lastID
	e.Id, e.Isk.Id, e.Isk.Ino = &id, &id, &id
	e.Isk.Proto, e.Isk.Type, e.Isk.State = proto.Uint32(udp), proto.Uint32(dgram), proto.Uint32(1)
	e.Isk.TcpOpts, e.Isk.Shutdown = nil, nil
	e.Isk.SrcPort, e.Isk.DstPort = proto.Uint32(1024+ports&0x7fff), proto.Uint32(1024+ports>>16&0x7fff)
	e.Isk.DstAddr = []uint32{10 | address<<8}
	f.files = append(f.files, e)
	return id
}
