package decode

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/schema"
)

// smallPages is how many bytes of pages of a checkpoint are read only to digest
// them: the memory of small processes, in a few milliseconds.
const smallPages = 4 << 20

// pagesDigest is what was digested of the pages images of a checkpoint.
type pagesDigest struct {
	images []digest
	bytes  uint64 // of those seen so far
	unread bool   // some were not read whole
}

// digestPages passes a pages image to read, and digests all of it where it is
// read anyway, is small, or all are asked for. Else read gets no reader, and takes
// what it needs from where that is.
func (s *imageSet) digestPages(m *member, read func(io.Reader) error) {
	s.pages.bytes += uint64(m.Size)
	var in io.Reader = m
	_, seekable := m.ReaderAt()
	isRead := !m.Sparse // holes may be without end
	if seekable {
		isRead = s.decoder.WholePages || s.decoder.SHA256 || s.pages.bytes <= smallPages
	}
	whole := ""
	switch {
	case isRead && !s.decoder.Undigested:
		sum := s.decoder.newContentSum(m.Size)
		defer sum.end() // also where reading panics
		in = io.TeeReader(in, sum)
		if err := read(in); err != nil {
			s.streamProblem(m.Name, &m.row, err)
		} else if s.digestRest(m, in) {
			whole = sum.end()
		}
	default:
		if seekable {
			in = nil
		}
		if err := read(in); err != nil {
			s.streamProblem(m.Name, &m.row, err)
		}
	}
	s.addPagesDigest(m, whole)
}

// addPagesDigest notes the SHA-256 of a pages image, empty if not all of it was
// read.
func (s *imageSet) addPagesDigest(m *member, sum string) {
	s.pages.unread = s.pages.unread || sum == ""
	s.pages.images = append(s.pages.images, digest{name: m.Name, size: uint64(m.Size), sha256: sum})
}

// digestRest reads what is left of a pages image. Where the archive ends too
// early, the next member tells; an unreadable file is told here.
func (s *imageSet) digestRest(m *member, rest io.Reader) bool {
	_, err := io.CopyBuffer(onlyWriter{io.Discard}, rest, s.decoder.copyBuffer())
	if errors.As(err, new(syscall.Errno)) {
		s.streamProblem(m.Name, &m.row, err)
	}
	return err == nil
}

// onlyWriter hides that a writer has buffers of its own, smaller ones.
type onlyWriter struct{ io.Writer }

// checkpointDigest returns what was read of the checkpoint beside its images and
// metadata, but for what went wrong, which is known later.
func (s *imageSet) checkpointDigest() schema.CheckpointDigest {
	d := schema.CheckpointDigest{ImagesID: s.rows.CheckpointID}
	if !s.pages.unread {
		d.PagesSHA256 = ptr(s.listDigest(s.pages.images))
	}
	if s.texts != nil {
		d.TextsSHA256 = ptr(s.texts.Digest())
	}
	if s.decoder.plan.wants(layout.RootfsDiff) {
		d.FilesSHA256 = ptr(s.listDigest(s.capturedDigests()))
	}
	return d
}

// listDigest digests a list by the names within the checkpoint, in their order.
func (s *imageSet) listDigest(list []digest) string {
	lines := make([]string, len(list))
	for i, d := range list {
		lines[i] = d.line(s.base())
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])
}

// capturedDigests digests the captured files of each member that has some.
func (s *imageSet) capturedDigests() (list []digest) {
	if !s.main {
		return nil
	}
	sum := sha256.New()
	var line []byte
	files := s.filesystem
	for from, to := 0, 0; from < len(files); from = to {
		sum.Reset()
		for to = from; to < len(files) && files[to].isIn(files[from]); to++ {
			line = files[to].appendDigested(line[:0])
			sum.Write(line)
		}
		list = append(list, digest{name: bytesOf(files[from].in.member), size: uint64(to - from), sha256: hex.EncodeToString(sum.Sum(nil))})
	}
	return list
}

// errorsDigest digests what could not be read of a checkpoint, nil for nothing.
// Messages take no part: they may name the archive.
func errorsDigest(problems []schema.Problem) *string {
	var lines []string
	for _, p := range problems {
		if isError(p) {
			lines = append(lines, fmt.Sprintf("%q %q %q %q\n", p.Code, path.Base(bytesOf(p.Member)), orZero(p.TableName), orZero(p.RowKey)))
		}
	}
	if lines == nil {
		return nil
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return ptr(hex.EncodeToString(sum[:]))
}
