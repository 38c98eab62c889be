package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// folderReader reads an unpacked archive. Links in it are members, and are
// not followed: os.Root keeps every access within the folder.
type folderReader struct {
	ctx    context.Context
	budget *Budget
	root   *os.Root
	names  []string
	file   *os.File   // of the member being read
	late   []*os.File // opened for reads at offsets
	bytes  int64
}

func (o *Opener) openFolder(ctx context.Context, path string) (*Archive, error) {
	o.begin(ctx)
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("opening folder: %w", err)
	}
	f := &folderReader{ctx: ctx, budget: &o.Budget, root: root}
	err = fs.WalkDir(root.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != "." {
			f.names = append(f.names, name)
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listing folder: %w", err), root.Close())
	}
	bytes := func() int64 { return f.bytes }
	return &Archive{Format: "folder", Compression: None, members: f, read: bytes, expand: func() int64 { return f.bytes + o.expanded }, close: []func() error{root.Close, f.closeFiles}}, nil
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
	info, err := f.root.Lstat(name)
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
		file, err := f.root.Open(name)
		if err != nil {
			return nil, fmt.Errorf("reading folder: %w", err)
		}
		if f.file != nil {
			f.file.Close()
		}
		f.file = file
		m.content = &folderContent{folder: f, file: file}
		m.at = &lateContent{folder: f, name: name}
	case fs.ModeDir:
		m.Type = Directory
	case fs.ModeSymlink:
		m.Type = Symlink
		if m.LinkTarget, err = f.root.Readlink(name); err != nil {
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
	file   *os.File
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
	file   *os.File
}

func (c *lateContent) ReadAt(p []byte, off int64) (int, error) {
	if err := c.folder.check(); err != nil {
		return 0, err
	}
	if c.file == nil {
		file, err := c.folder.root.Open(c.name)
		if err != nil {
			return 0, fmt.Errorf("reading folder: %w", err)
		}
		c.file = file
		c.folder.late = append(c.folder.late, file)
	}
	n, err := c.file.ReadAt(p, off)
	c.folder.bytes += int64(n)
	return n, err
}
