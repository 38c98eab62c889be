// Package archive reads one checkpoint archive: its compression, recognised by
// content, and its members, in one pass and without unpacking anything. An
// archive is a tar, or a folder that one was unpacked into. What the members
// mean is not its business.
package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
	// BehindEnd says that the member stands behind the archive's end mark, where
	// tar stops reading. Its content cannot be read.
	BehindEnd bool
	// Sparse says that the content has holes, which are not stored.
	Sparse bool
	// Unreadable is why nothing of the member can be read: a file's content, what
	// stands in a folder. Unknown says that not even its size and mode are known.
	Unreadable error
	Unknown    bool

	content io.Reader
	at      *io.SectionReader // nil where content can be read only in order
}

// Read reads the content in order.
func (m *Member) Read(p []byte) (int, error) {
	if m.content == nil {
		return 0, io.EOF
	}
	return m.content.Read(p)
}

// Peek returns the first bytes of the content without reading them; fewer
// where there are fewer. It must come before the first Read.
func (m *Member) Peek(n int) ([]byte, error) {
	if m.content == nil {
		return nil, nil
	}
	head := make([]byte, n)
	n, err := io.ReadFull(m.content, head)
	m.content = io.MultiReader(bytes.NewReader(head[:n]), m.content)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && int64(n) == m.Size {
		err = nil
	}
	return head[:n], err
}

// Tee has what is read of the content from now on written to w too, and counts
// it. The content must be one that is read in order.
func (m *Member) Tee(w io.Writer) (copied *int64) {
	c := &counter{r: m.content}
	m.content = io.TeeReader(c, w)
	return &c.n
}

// ReaderAt returns a reader of the content at any offset, where the archive
// allows that without reading what lies between: in plain tars and folders.
// It stays valid until the archive is closed.
func (m *Member) ReaderAt() (*io.SectionReader, bool) { return m.at, m.at != nil }

// Archive is an open archive.
type Archive struct {
	// Format is tar or folder; Compression is none, gzip, zstd, xz or bzip2.
	Format, Compression string

	input   Input // nil in an archive within another
	members memberReader
	custody *custody     // nil in a folder, and in an archive within another
	read    func() int64 // bytes read from the file; of an outer archive
	expand  func() int64 // bytes read or decompressed; of an outer archive
	close   []func() error
}

type memberReader interface {
	next() (*Member, error)
}

// Next returns the next member, io.EOF at the end. Errors of archives that end
// too early wrap ErrTruncated. Where something stands behind the end mark of a
// tar, Next returns its members too, and then *TrailingError.
func (a *Archive) Next() (*Member, error) { return a.members.next() }

// Reuse gives back a member that nobody looks at any more: the next one may be in its
// place. Archives within archives have many, of which nothing is kept.
func (a *Archive) Reuse(m *Member) {
	if t, ok := a.members.(*tarReader); ok {
		t.free = m
	}
}

// BytesRead returns how many bytes were read from the file or files.
func (a *Archive) BytesRead() int64 { return a.read() }

// ExpandedBytes returns how many bytes of the tar were read or decompressed,
// those of tars within it included.
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
	Budget
	// SHA256 makes Finish return the digests of files, which are then read
	// whole, also where members are sought over.
	SHA256 bool

	ctx   context.Context // of the archive that is open
	outer level
	inner []*level // of archives within archives, by how deep they are
	depth int      // of those open
}

// level is what reading one archive needs.
type level struct {
	decompressor
	buffer []byte
	ahead  [aheadBlocks][]byte
}

// inputReader reads the file of an archive in order.
type inputReader interface {
	io.Reader
	// peek returns the next bytes without reading them; fewer at the end.
	peek(n int) ([]byte, error)
	bytesRead() int64
	// sum reads what is left and returns the digest of the whole file, empty
	// where the opener was not asked for it.
	sum() (string, error)
}

// newReader reads a file from its beginning.
func (o *Opener) newReader(file FileContent, size int64, withDigest bool) inputReader {
	var d *digest
	if withDigest {
		d = newDigest()
	}
	if at, ok := file.(io.ReaderAt); ok {
		r := o.newFile(&o.outer, at, size)
		r.digest = d
		return r
	}
	source := &streamSource{ctx: o.ctx, budget: &o.Budget, file: file, digest: d}
	return &streamReader{Reader: o.outer.buffered(source), unbuffered: source}
}

// newFile reads a file, or a member of an archive, that can be read anywhere.
func (o *Opener) newFile(l *level, file io.ReaderAt, size int64) *fileReader {
	if l.buffer == nil {
		l.buffer = make([]byte, 256<<10)
	}
	return &fileReader{ctx: o.ctx, budget: &o.Budget, file: file, size: size, buffer: l.buffer}
}

// Open opens an archive. Its errors are *OpenError, ErrEmpty or ErrNotTar, or
// those of reading. The archive must be closed before the next one is opened.
func (o *Opener) Open(ctx context.Context, in Input) (*Archive, error) {
	return o.open(ctx, in, o.SHA256)
}

// Reopen opens an archive again that was read and closed. Finish makes no
// digest of it, and tells where it is not what it was the first time.
func (o *Opener) Reopen(ctx context.Context, first *Archive) (*Archive, error) {
	a, err := o.open(ctx, first.input, false)
	if err != nil {
		return nil, err
	}
	if a.custody != nil && first.custody != nil {
		a.custody.before = first.custody.before
	}
	return a, nil
}

func (o *Opener) open(ctx context.Context, in Input, withDigest bool) (*Archive, error) {
	content, err := in.Open(ctx)
	if err != nil {
		return nil, &OpenError{err}
	}
	o.begin(ctx)
	a := &Archive{input: in, close: []func() error{content.Close}}
	switch c := content.(type) {
	case FolderContent:
		err = o.startFolder(a, c)
	case FileContent:
		err = o.startFile(a, c, withDigest)
	default:
		err = &OpenError{fmt.Errorf("a %T is neither a file nor a folder", content)}
	}
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// begin forgets the archive before.
func (o *Opener) begin(ctx context.Context) {
	o.ctx, o.depth = ctx, 0
	o.reset()
}

// startFile recognises the compression and begins the tar.
func (o *Opener) startFile(a *Archive, file FileContent, withDigest bool) error {
	version, err := file.Version()
	if err != nil {
		return &OpenError{err}
	}
	reader := o.newReader(file, version.Size, withDigest)
	a.Format, a.read, a.custody = "tar", reader.bytesRead, &custody{file: file, before: version, sum: reader.sum}
	head, err := reader.peek(headSize)
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	if len(head) == 0 {
		return ErrEmpty
	}
	if name := unreadCompression(head, a.input.Name()); name != "" {
		return fmt.Errorf("%w: compressed with %s, which is not read", ErrNotTar, name)
	}
	a.Compression = compressionOf(head)
	if a.Compression == None {
		seekable, _ := reader.(*fileReader)
		a.members, a.expand = newTar(&o.Budget, reader, seekable), func() int64 { return reader.bytesRead() + o.expanded }
		return nil
	}
	a.expand = func() int64 { return o.expanded }
	if file, ok := reader.(*fileReader); ok {
		return o.decompressAhead(a, file)
	}
	return o.decompress(a, &o.outer, reader, maxWindow)
}

// Depth returns how many archives within the archive are open.
func (o *Opener) Depth() int { return o.depth }

// Leave closes archives within the archive, down to a depth: for a caller that
// lost track of them.
func (o *Opener) Leave(depth int) { o.depth = depth }

// decompress begins the tar in a compressed stream.
func (o *Opener) decompress(a *Archive, l *level, r io.Reader, window int64) error {
	packed := &counter{r: r}
	content, err := l.open(a.Compression, packed, window)
	if err != nil {
		return err
	}
	a.members = newTar(&o.Budget, o.expand(content, packed.count), nil)
	return nil
}

// decompressAhead begins the tar in a compressed file, which is decompressed ahead of
// reading. Other streams are not: one may have nothing to read for a long time, and then
// closing the archive would wait for it.
func (o *Opener) decompressAhead(a *Archive, file *fileReader) error {
	packed := &counter{r: file}
	content, err := o.outer.open(a.Compression, packed, maxWindow)
	if err != nil {
		return err
	}
	ahead := newReadAhead(content, &o.outer.ahead, func() filePlace { return filePlace{file.bytes, packed.n} })
	a.members = newTar(&o.Budget, o.expand(ahead, ahead.packed), nil)
	a.close = append(a.close, func() error { ahead.stop(); return nil })
	a.read = ahead.bytesRead
	a.custody.sum = func() (string, error) {
		ahead.stop()
		sum, err := file.sum()
		if file.digest != nil {
			ahead.at = ahead.file() // the whole file
		}
		return sum, err
	}
	return nil
}

// Nested opens a tar that is a member of an archive, plain or compressed. It
// must be closed before another member of the outer archive is asked for. If
// at is not nil, it reads the same at any offset, and what nobody wants of a
// plain tar is sought over.
func (o *Opener) Nested(r io.Reader, at *io.SectionReader) (*Archive, error) {
	if o.depth == len(o.inner) {
		o.inner = append(o.inner, &level{})
	}
	l := o.inner[o.depth]
	buffered := l.buffered(r)
	head, err := buffered.Peek(headSize)
	if len(head) == 0 {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("reading: %w", err)
		}
		return nil, ErrEmpty
	}
	a := &Archive{Format: "tar", Compression: compressionOf(head)}
	switch {
	case a.Compression != None:
		if err := o.decompress(a, l, buffered, maxNestedWindow); err != nil {
			return nil, err
		}
	case at != nil:
		file := o.newFile(l, at, at.Size())
		a.members = newTar(&o.Budget, file, file)
	default:
		a.members = newTar(&o.Budget, buffered, nil)
	}
	o.depth++
	a.close = []func() error{func() error { o.depth--; return nil }}
	return a, nil
}
