package archive

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"strings"

	"github.com/ckexport/ckexport/pipeline/kernel"
)

// tarReader reads the members of a tar.
type tarReader struct {
	tar interface { // reads members
		next() (*tar.Header, error)
		io.Reader
	}
	content *memberContent // of tar
	free    *Member        // nil if none was given back
	end     *endWatcher
	file    *fileReader // not nil for a plain tar in a file
	budget  *Budget

	sawMember bool
	trailer   *trailer   // set once the end mark has been read
	sparse    *expansion // content of the last member, if that is sparse
	size      int64      // of it, with its holes
}

func newTar(budget *Budget, r io.Reader, file *fileReader) *tarReader {
	t := &tarReader{end: &endWatcher{r: r}, file: file, budget: budget}
	if file != nil {
		t.end.file = file
		t.tar = seekingReader{tar.NewReader(&seekingWatcher{endWatcher: t.end})}
	} else {
		t.tar = &headerReader{in: t.end}
	}
	t.content = &memberContent{t.tar}
	return t
}

func (t *tarReader) next() (*Member, error) {
	if t.trailer != nil {
		return t.trailer.next()
	}
	if err := t.leaveMember(); err != nil {
		return nil, err
	}
	header, err := t.tar.next()
	switch {
	case errors.Is(err, io.EOF):
		if t.end.zeros < blockSize {
			return nil, fmt.Errorf("%w: it has no end marker", ErrTruncated)
		}
		t.trailer = newTrailer(t)
		return t.trailer.next()
	case errors.Is(err, tar.ErrHeader) && !t.sawMember, errors.Is(err, io.ErrUnexpectedEOF) && t.end.position() < blockSize:
		return nil, ErrNotTar
	case err != nil:
		return nil, fmt.Errorf("reading a tar header: %w", truncation(err))
	}
	t.sawMember = true
	m := t.free
	if t.free = nil; m == nil {
		m = new(Member)
	}
	m.set(header)
	if m.Type == File && !isSparse(header) && m.Size > math.MaxInt64-blockSize-t.end.position() {
		return nil, fmt.Errorf("reading a tar header: %q has %d bytes, it says: %w", m.RawName, m.Size, tar.ErrHeader)
	}
	m.content = t.content
	m.Offset = t.end.position()
	rest := m.Size
	if m.Type != File {
		rest = 0
	}
	if t.sparse = nil; isSparse(header) {
		m.Sparse = true
		rest, t.size = 0, m.Size // only reading tells how much is stored
		t.sparse = t.budget.expand(t.tar, t.end.position)
		m.content = &memberContent{t.sparse}
	} else if t.file != nil && m.Type == File {
		m.at = io.NewSectionReader(t.file, m.Offset, m.Size)
	}
	t.end.mark(m.Offset + rest)
	return m, nil
}

// leaveMember goes to the end of the last member's content where archive/tar
// could not seek over it, so that it is known where the next header begins.
func (t *tarReader) leaveMember() error {
	if !t.sawMember || t.file != nil && t.sparse == nil {
		return nil
	}
	var in io.Reader = t.tar
	if t.sparse != nil {
		if t.size-t.sparse.n > t.budget.Allowed(0) {
			return nil // archive/tar passes over what is stored of it
		}
		in = t.sparse
	}
	if _, err := io.Copy(io.Discard, in); err != nil && !errors.Is(err, ErrRatio) && !errors.Is(err, ErrExpanded) {
		return fmt.Errorf("reading a member: %w", truncation(err))
	}
	if t.sparse != nil {
		t.end.mark(t.end.position())
	}
	return nil
}

// seekingReader reads a tar whose contents are sought over.
type seekingReader struct{ *tar.Reader }

func (r seekingReader) next() (*tar.Header, error) { return r.Next() }

// memberContent marks an early end as truncation.
type memberContent struct{ r io.Reader }

func (c *memberContent) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = truncation(err)
	}
	return n, err
}

// truncation makes an unexpected end wrap ErrTruncated.
func truncation(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %w", ErrTruncated, io.ErrUnexpectedEOF)
	}
	return err
}

func isSparse(h *tar.Header) bool {
	return h.Typeflag == tar.TypeGNUSparse || h.PAXRecords["GNU.sparse.major"] != "" || h.PAXRecords["GNU.sparse.map"] != ""
}

// set makes m the member of a header.
func (m *Member) set(h *tar.Header) {
	*m = Member{
		Name: CleanName(h.Name), RawName: h.Name, Size: h.Size, Mode: uint32(h.Mode) & 0o7777, UID: h.Uid, GID: h.Gid,
		UserName: h.Uname, GroupName: h.Gname, ModTime: h.ModTime, AccessTime: h.AccessTime, ChangeTime: h.ChangeTime,
		LinkTarget: h.Linkname, DevMajor: h.Devmajor, DevMinor: h.Devminor,
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont: // archive/tar makes the old TypeRegA a TypeReg
		m.Type = File
	case tar.TypeDir:
		m.Type = Directory
	case tar.TypeSymlink:
		m.Type = Symlink
	case tar.TypeLink:
		m.Type = Hardlink
	case tar.TypeChar:
		m.Type = CharDevice
	case tar.TypeBlock:
		m.Type = BlockDevice
	case tar.TypeFifo:
		m.Type = FIFO
	default:
		m.Type = Other
	}
	const xattrPrefix = "SCHILY.xattr."
	for k, v := range h.PAXRecords {
		if name, ok := strings.CutPrefix(k, xattrPrefix); ok {
			if m.Xattrs == nil {
				m.Xattrs = map[string]string{}
			}
			m.Xattrs[name] = v
		}
	}
}

// HasParentStep reports whether a name has .. among its elements.
func HasParentStep(name string) bool {
	if !strings.Contains(name, "..") {
		return false
	}
	for element := range strings.SplitSeq(name, "/") {
		if element == ".." {
			return true
		}
	}
	return false
}

// LeavesArchive reports whether a member's name leads out of the folder that
// the archive would be unpacked into.
func LeavesArchive(name string) bool {
	if !HasParentStep(name) {
		return false
	}
	name = path.Clean(strings.TrimLeft(name, "/"))
	return name == ".." || strings.HasPrefix(name, "../")
}

// CleanName returns a member's name without leading ./ and /, and without a
// trailing one. The archive's own folder is the empty name.
func CleanName(name string) string {
	if isClean(name) {
		return name
	}
	name = path.Clean("/" + name)
	return strings.TrimPrefix(name, "/")
}

// isClean reports whether a name is one that CleanName returns as it is, as most are.
func isClean(name string) bool {
	for element := range strings.SplitSeq(name, "/") {
		switch element {
		case "", ".", "..":
			return false
		}
	}
	return true
}

const blockSize = 512

// endWatcher notes whether a tar ended with its end marker, a block of zeros:
// archive/tar accepts an end at any member's border.
type endWatcher struct {
	r     io.Reader
	file  *fileReader // not nil where there are seeks
	n     int64       // bytes read, where there are none
	from  int64       // where the header behind the last content begins
	zeros int64       // zero bytes since then, 0 if there were others
}

// mark says that a member's content ends at that position.
func (e *endWatcher) mark(end int64) {
	e.from, e.zeros = (end+blockSize-1)/blockSize*blockSize, 0
}

func (e *endWatcher) position() int64 {
	if e.file != nil {
		return e.file.position()
	}
	return e.n
}

func (e *endWatcher) Read(p []byte) (int, error) {
	start := e.position()
	n, err := e.r.Read(p)
	e.n += int64(n)
	if end := start + int64(n); end > e.from && n > 0 {
		header := p[max(e.from-start, 0):n]
		if isZero(header) {
			e.zeros += int64(len(header))
		} else {
			e.zeros = 0
		}
	}
	return n, err
}

func isZero(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}

// seekingWatcher lets archive/tar seek over contents.
type seekingWatcher struct{ *endWatcher }

func (s *seekingWatcher) Seek(offset int64, whence int) (int64, error) {
	return s.file.Seek(offset, whence)
}

// fileReader reads a file through a buffer and seeks within it. Reads and
// seeks end when the context does.
type fileReader struct {
	ctx       context.Context
	budget    *Budget
	file      io.ReaderAt
	size      int64 // of the file
	buffer    []byte
	data      []byte // unread part of the buffer
	offset    int64  // of the file, behind data
	bytes     int64  // read from the file
	afterSeek bool   // the last move was a seek out of the buffer
	digest    *digest
}

// seekFill is how much is read after a seek: a header and a small member.
const seekFill = 8 << 10

func (f *fileReader) position() int64 { return f.offset - int64(len(f.data)) }

// check says whether more may be read.
func (f *fileReader) check() error {
	if err := f.ctx.Err(); err != nil {
		return err
	}
	return f.budget.checkRead(f.bytes)
}

func (f *fileReader) fill() error {
	if err := f.check(); err != nil {
		return err
	}
	space := f.buffer
	if f.afterSeek {
		space, f.afterSeek = f.buffer[:min(seekFill, len(f.buffer))], false
	}
	n, err := f.file.ReadAt(space, f.offset)
	if f.digest != nil {
		if err := f.digestUpTo(f.offset); err != nil {
			return err
		}
		f.digest.add(f.buffer[:n], f.offset)
	}
	f.data = f.buffer[:n]
	f.offset += int64(n)
	f.bytes += int64(n)
	if n > 0 {
		return nil
	}
	return err
}

func (f *fileReader) Read(p []byte) (int, error) {
	if len(f.data) == 0 {
		if err := f.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.data)
	f.data = f.data[n:]
	return n, nil
}

func (f *fileReader) bytesRead() int64 { return f.bytes }

func (f *fileReader) peek(n int) ([]byte, error) {
	if len(f.data) == 0 {
		if err := f.fill(); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
	}
	return f.data[:min(n, len(f.data))], nil
}

func (f *fileReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.position()
	case io.SeekEnd:
		return 0, fmt.Errorf("seeking: %w", errors.ErrUnsupported)
	}
	if offset < 0 {
		return 0, fmt.Errorf("seeking to %d: %w", offset, fs.ErrInvalid)
	}
	if ahead := offset - f.position(); ahead >= 0 && ahead <= int64(len(f.data)) {
		f.data = f.data[ahead:]
		return offset, nil
	}
	f.data, f.offset, f.afterSeek = nil, offset, true
	return offset, nil
}

// ReadAt reads the file past the buffer.
func (f *fileReader) ReadAt(p []byte, off int64) (int, error) {
	if err := f.check(); err != nil {
		return 0, err
	}
	n, err := f.file.ReadAt(p, off)
	f.bytes += int64(n)
	return n, err
}

// modeBits returns permission bits with setuid, setgid and sticky as the
// kernel numbers them.
func modeBits(m fs.FileMode) uint32 {
	bits := uint32(m.Perm())
	if m&fs.ModeSetuid != 0 {
		bits |= kernel.S_ISUID
	}
	if m&fs.ModeSetgid != 0 {
		bits |= kernel.S_ISGID
	}
	if m&fs.ModeSticky != 0 {
		bits |= kernel.S_ISVTX
	}
	return bits
}
