// Package archive reads one checkpoint archive: its compression, recognised by
// content, and its members, in one pass and without unpacking anything. An
// archive is a tar, or a folder that one was unpacked into. What the members
// mean is not its business, except for their layout: which folder holds CRIU
// images and which files stand beside it.
package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Errors that say why a file is no archive at all.
var (
	ErrEmpty  = errors.New("the file is empty")
	ErrNotTar = errors.New("not a tar archive")
)

// ErrTruncated is wrapped by errors of archives that end too early.
var ErrTruncated = errors.New("the archive is truncated")

// Type is the type of a member.
type Type string

// The types of members.
const (
	File        Type = "file"
	Directory   Type = "directory"
	Symlink     Type = "symlink"
	Hardlink    Type = "hardlink"
	CharDevice  Type = "char_device"
	BlockDevice Type = "block_device"
	FIFO        Type = "fifo"
	Other       Type = "other"
)

// Member is one member of an archive. Its content can be read until the next
// call of Next.
type Member struct {
	// Name is the cleaned name: no leading ./ or /, no trailing /. RawName is
	// the name as it stands. Neither is ever used as a path of this machine.
	Name, RawName string
	Type          Type
	Size          int64
	Mode          uint32 // permission bits with setuid, setgid, sticky
	UID, GID      int
	UserName      string
	GroupName     string
	ModTime       time.Time
	AccessTime    time.Time // zero if not kept
	ChangeTime    time.Time // zero if not kept
	LinkTarget    string
	DevMajor      int64
	DevMinor      int64
	Xattrs        map[string]string
	// Offset is that of the content within the tar, -1 in a folder.
	Offset int64

	content io.Reader
	at      io.ReaderAt // nil where content can be read only in order
}

// Read reads the content in order.
func (m *Member) Read(p []byte) (int, error) {
	if m.content == nil {
		return 0, io.EOF
	}
	return m.content.Read(p)
}

// ReaderAt returns a reader of the content at any offset, where the archive
// allows that without reading what lies between: in plain tars and folders.
// It stays valid until the archive is closed.
func (m *Member) ReaderAt() (io.ReaderAt, bool) { return m.at, m.at != nil }

// Archive is an open archive.
type Archive struct {
	// Format is tar or folder; Compression is none, gzip or zstd.
	Format, Compression string

	members memberReader
	read    func() int64 // bytes read from the file
	expand  func() int64 // bytes of the tar that were read
	close   []func() error
}

type memberReader interface {
	next() (*Member, error)
}

// Next returns the next member, io.EOF at the end. Errors of archives that end
// too early wrap ErrTruncated.
func (a *Archive) Next() (*Member, error) { return a.members.next() }

// BytesRead returns how many bytes were read from the file or files.
func (a *Archive) BytesRead() int64 { return a.read() }

// ExpandedBytes returns how many bytes of the tar were read.
func (a *Archive) ExpandedBytes() int64 { return a.expand() }

// Close frees the archive.
func (a *Archive) Close() error {
	var errs []error
	for i := len(a.close) - 1; i >= 0; i-- {
		errs = append(errs, a.close[i]())
	}
	return errors.Join(errs...)
}

// Opener opens archives one after another and reuses what is costly to make:
// buffers and decompressors. It is for one goroutine.
type Opener struct {
	outer, inner decompressor
	buffer       []byte
}

// Open opens the archive at path: a file, or a folder. Its errors are ErrEmpty
// or ErrNotTar, or those of the file system. The archive must be closed before
// the next one is opened.
func (o *Opener) Open(ctx context.Context, path string) (*Archive, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("opening: %w", err)
	}
	if info.IsDir() {
		return openFolder(ctx, path)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("opening: %w: it is neither a file nor a folder", ErrNotTar)
	}
	if info.Size() == 0 {
		return nil, ErrEmpty
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening: %w", err)
	}
	if o.buffer == nil {
		o.buffer = make([]byte, 256<<10)
	}
	file := &fileReader{ctx: ctx, file: f, buffer: o.buffer}
	a := &Archive{Format: "tar", read: func() int64 { return file.bytes }, close: []func() error{f.Close}}
	if err := o.start(a, file); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// start recognises the compression and begins the tar.
func (o *Opener) start(a *Archive, file *fileReader) error {
	head, err := file.peek(6)
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	a.Compression = compressionOf(head)
	if a.Compression == None {
		t := newTar(file, file)
		a.members, a.expand = t, func() int64 { return file.bytes }
		return nil
	}
	content, err := o.outer.open(a.Compression, file)
	if err != nil {
		return err
	}
	counted := &countingReader{r: content}
	a.members, a.expand = newTar(counted, nil), func() int64 { return counted.n }
	return nil
}

// Nested opens a tar that is a member of an archive, plain or compressed. Only
// one can be open at a time.
func (o *Opener) Nested(r io.Reader) (*Archive, error) {
	buffered := o.inner.buffered(r)
	head, err := buffered.Peek(6)
	if len(head) == 0 {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("reading: %w", err)
		}
		return nil, ErrEmpty
	}
	a := &Archive{Format: "tar", Compression: compressionOf(head)}
	content := io.Reader(buffered)
	if a.Compression != None {
		if content, err = o.inner.open(a.Compression, buffered); err != nil {
			return nil, err
		}
	}
	counted := &countingReader{r: content}
	a.members, a.expand = newTar(counted, nil), func() int64 { return counted.n }
	a.read = a.expand
	return a, nil
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
