package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
)

// folderReader reads an unpacked archive. Links in it are members, and are
// not followed.
type folderReader struct {
	ctx    context.Context
	budget *Budget
	folder FolderContent
	names  []string
	file   fs.File   // of the member being read
	late   []fs.File // opened for reads at offsets
	bytes  int64
}

// startFolder lists the folder's files: they are the members.
func (o *Opener) startFolder(a *Archive, folder FolderContent) error {
	f := &folderReader{ctx: o.ctx, budget: &o.Budget, folder: folder}
	a.Format, a.Compression, a.members = "folder", None, f
	a.read, a.expand = func() int64 { return f.bytes }, func() int64 { return f.bytes + o.expanded }
	a.close = append(a.close, f.closeFiles)
	err := fs.WalkDir(folder, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != "." {
			f.names = append(f.names, name)
		}
		return o.ctx.Err()
	})
	if err != nil {
		return fmt.Errorf("listing folder: %w", err)
	}
	return nil
}

func (f *folderReader) closeFiles() error {
	var errs []error
	for _, file := range append(f.late, f.file) {
		if file != nil {
			errs = append(errs, file.Close())
		}
	}
	return errors.Join(errs...)
}

func (f *folderReader) next() (*Member, error) {
	if err := f.ctx.Err(); err != nil {
		return nil, err
	}
	if len(f.names) == 0 {
		return nil, io.EOF
	}
	name := f.names[0]
	f.names = f.names[1:]
	info, err := f.folder.Lstat(name)
	if err != nil {
		return nil, fmt.Errorf("reading folder: %w", err)
	}
	m := &Member{Name: name, RawName: name, Mode: modeBits(info.Mode()), ModTime: info.ModTime(), Offset: -1}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		m.UID, m.GID = int(st.Uid), int(st.Gid)
	}
	switch info.Mode().Type() {
	case 0:
		m.Type, m.Size = File, info.Size()
		file, err := f.folder.Open(name)
		if err != nil {
			return nil, fmt.Errorf("reading folder: %w", err)
		}
		if f.file != nil {
			f.file.Close()
		}
		f.file = file
		m.content = &folderContent{folder: f, file: file}
		if _, ok := file.(io.ReaderAt); ok {
			m.at = io.NewSectionReader(&lateContent{folder: f, name: name}, 0, m.Size)
		}
	case fs.ModeDir:
		m.Type = Directory
	case fs.ModeSymlink:
		m.Type = Symlink
		if m.LinkTarget, err = f.folder.ReadLink(name); err != nil {
			return nil, fmt.Errorf("reading folder: %w", err)
		}
	case fs.ModeNamedPipe:
		m.Type = FIFO
	case fs.ModeDevice:
		m.Type = BlockDevice
	case fs.ModeDevice | fs.ModeCharDevice:
		m.Type = CharDevice
	default:
		m.Type = Other
	}
	return m, nil
}

// check says whether more may be read.
func (f *folderReader) check() error {
	if err := f.ctx.Err(); err != nil {
		return err
	}
	return f.budget.checkRead(f.bytes)
}

// folderContent reads the member at hand and counts it.
type folderContent struct {
	folder *folderReader
	file   fs.File
}

func (c *folderContent) Read(p []byte) (int, error) {
	if err := c.folder.check(); err != nil {
		return 0, err
	}
	n, err := c.file.Read(p)
	c.folder.bytes += int64(n)
	return n, err
}

// lateContent reads a file at offsets, also when other members follow; it is
// opened when first wanted.
type lateContent struct {
	folder *folderReader
	name   string
	file   io.ReaderAt
}

func (c *lateContent) ReadAt(p []byte, off int64) (int, error) {
	if err := c.folder.check(); err != nil {
		return 0, err
	}
	if c.file == nil {
		if err := c.open(); err != nil {
			return 0, fmt.Errorf("reading folder: %w", err)
		}
	}
	n, err := c.file.ReadAt(p, off)
	c.folder.bytes += int64(n)
	return n, err
}

func (c *lateContent) open() error {
	file, err := c.folder.folder.Open(c.name)
	if err != nil {
		return err
	}
	c.folder.late = append(c.folder.late, file)
	at, ok := file.(io.ReaderAt)
	if !ok {
		return fmt.Errorf("%q: %w", c.name, errors.ErrUnsupported)
	}
	c.file = at
	return nil
}
