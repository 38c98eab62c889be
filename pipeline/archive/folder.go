package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
)

// folderReader reads an unpacked archive. Links in it are members, and are
// not followed.
type folderReader struct {
	ctx     context.Context
	budget  *Budget
	folder  FolderContent
	entries []folderEntry
	file    fs.File   // of the member being read
	late    []fs.File // opened for reads at offsets
	bytes   int64
}

// folderEntry is what listing a folder tells.
type folderEntry struct {
	name string
	mode fs.FileMode // its type
	err  error       // why a folder could not be listed
}

// startFolder lists the folder's files: they are the members. A folder in it
// that cannot be listed is one too.
func (o *Opener) startFolder(a *Archive, folder FolderContent) error {
	f := &folderReader{ctx: o.ctx, budget: &o.Budget, folder: folder}
	a.Format, a.Compression, a.members = "folder", None, f
	a.read, a.expand = func() int64 { return f.bytes }, func() int64 { return f.bytes + o.expanded }
	a.close = append(a.close, f.closeFiles)
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case name == ".":
			return err
		case err != nil: // of the last one
			f.entries[len(f.entries)-1].err = err
			f.namesIn(name)
			return fs.SkipDir
		default:
			f.entries = append(f.entries, folderEntry{name: name, mode: entry.Type()})
		}
		return o.ctx.Err()
	})
	if err != nil {
		return fmt.Errorf("listing folder: %w", err)
	}
	return nil
}

// namesIn adds what stands in a folder that may be read but not entered: there
// the system tells names, and nothing else.
func (f *folderReader) namesIn(folder string) {
	file, err := f.folder.Open(folder)
	if err != nil {
		return
	}
	defer file.Close()
	if list, ok := file.(interface{ Readdirnames(n int) ([]string, error) }); ok {
		names, _ := list.Readdirnames(-1) // of an error the folder tells already
		slices.Sort(names)
		for _, name := range names {
			f.entries = append(f.entries, folderEntry{name: path.Join(folder, name)})
		}
	}
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
	if len(f.entries) == 0 {
		return nil, io.EOF
	}
	entry := f.entries[0]
	f.entries = f.entries[1:]
	m := &Member{Name: entry.name, RawName: entry.name, Type: typeOf(entry.mode), Offset: -1}
	info, err := f.folder.Lstat(m.Name)
	if err != nil {
		m.Unreadable, m.Unknown = err, true
		return m, nil
	}
	m.Type, m.Mode, m.ModTime = typeOf(info.Mode()), modeBits(info.Mode()), info.ModTime()
	m.UID, m.GID = owner(info)
	switch m.Type {
	case File:
		m.Size = info.Size()
		m.Unreadable = f.open(m)
	case Directory:
		m.Unreadable = entry.err
	case Symlink:
		m.LinkTarget, m.Unreadable = f.folder.ReadLink(m.Name)
	}
	return m, nil
}

// open opens the file that is the member at hand.
func (f *folderReader) open(m *Member) error {
	file, err := f.folder.Open(m.Name)
	if err != nil {
		return err
	}
	if f.file != nil {
		f.file.Close()
	}
	f.file = file
	m.content = &folderContent{folder: f, file: file}
	if _, ok := file.(io.ReaderAt); ok {
		m.at = io.NewSectionReader(&lateContent{folder: f, name: m.Name}, 0, m.Size)
	}
	return nil
}

func typeOf(mode fs.FileMode) Type {
	switch mode.Type() {
	case 0:
		return File
	case fs.ModeDir:
		return Directory
	case fs.ModeSymlink:
		return Symlink
	case fs.ModeNamedPipe:
		return FIFO
	case fs.ModeDevice:
		return BlockDevice
	case fs.ModeDevice | fs.ModeCharDevice:
		return CharDevice
	}
	return Other
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
