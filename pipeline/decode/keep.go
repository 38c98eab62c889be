package decode

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// sizeDigest makes a member part of the identity by its size alone.
func (c *container) sizeDigest(m *member) {
	c.digests = append(c.digests, digest{name: m.Name, size: uint64(m.Size)})
}

// leave passes over a member that no wanted table needs: its digest is part of
// the checkpoint's identity all the same.
func (c *container) leave(m *member) {
	c.stream(m, true, func(io.Reader) error { return nil })
}

// streamWanted passes a member to read if a wanted table needs it; its digest is
// part of the identity in any case.
func (c *container) streamWanted(m *member, read func(io.Reader) error) {
	if c.decoder.plan.wants(m.is.Role) {
		c.stream(m, true, read)
	} else {
		c.leave(m)
	}
}

// keepImage keeps an image in memory, to be decoded when all have been seen; of
// one that no wanted table needs, that it is there.
func (c *container) keepImage(m *member, images map[string]*image) {
	name := path.Base(m.Name)
	if !c.decoder.plan.wantsImage(m.is.Kind.Name) {
		c.leave(m)
		images[name] = &image{kind: m.is.Kind, number: m.is.Number, name: name, member: m.Name, left: true, row: noRow}
		return
	}
	data, whole := c.keep(m)
	if data == nil {
		return
	}
	if images[name] != nil { // a service image in two folders: the one beside the images counts
		name = m.Name
	}
	c.keptImage = &image{
		kind: m.is.Kind, number: m.is.Number, name: name, member: m.Name, data: data, truncated: !whole, row: len(c.members), status: m.row.DecodeStatus,
	}
	images[name] = c.keptImage
}

// keep reads a small member whole. whole is false where it was cut short; data
// then holds what there is.
func (c *container) keep(m *member) (data []byte, whole bool) {
	limits := &c.decoder.Limits
	tooLarge := m.Size > limits.MetadataBytes
	if tooLarge || m.Size > c.share() || !c.take(m.Size) { // its digest is still part of the checkpoint's identity
		if tooLarge {
			c.passedBy(limits.metadata(), m.Name, fmt.Sprintf("the member has %d bytes; it was not decoded", m.Size))
		} else {
			c.passedBy(limits.memory(), m.Name, "the archive takes more memory; the member was not decoded")
		}
		c.stream(m, true, func(io.Reader) error { return nil })
		m.row.DecodeStatus = limitStatus
		return nil, false
	}
	data, err := readAll(m, m.Size)
	sum := sha256.Sum256(data)
	m.row.SHA256 = ptr(hex.EncodeToString(sum[:]))
	m.row.DecodeStatus = "ok"
	c.digests = append(c.digests, digest{name: m.Name, size: uint64(len(data)), sha256: *m.row.SHA256})
	if err != nil {
		c.streamProblem(m.Name, &m.row, err)
		return data, false
	}
	return data, true
}

// readAll reads size bytes without trusting the size: a large buffer grows
// with what there really is.
func readAll(in io.Reader, size int64) ([]byte, error) {
	const trusted = 1 << 20
	data := make([]byte, min(size, trusted))
	n, err := io.ReadFull(in, data)
	if err == nil && size > trusted { // so much is there: then the rest is worth its memory
		head := data
		data = make([]byte, size)
		copy(data, head)
		n, err = io.ReadFull(in, data[trusted:])
		n += trusted
	}
	if err == nil || size == 0 {
		return data[:n], nil
	}
	return data[:n], early(err)
}

// early makes an end before the expected size a truncation.
func early(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", archive.ErrTruncated, io.ErrUnexpectedEOF)
	}
	return err
}

// stream passes a member to read and reads what that leaves over. With digest
// the content takes part in the checkpoint's identity.
func (c *container) stream(m *member, withDigest bool, read func(io.Reader) error) {
	var in io.Reader = m
	var sum hash.Hash
	if withDigest {
		sum = sha256.New()
		in = io.TeeReader(m, sum)
	}
	err := read(in)
	m.row.DecodeStatus = "ok"
	if withDigest {
		if _, restErr := io.Copy(io.Discard, in); err == nil && restErr != nil {
			err = restErr
		}
		m.row.SHA256 = ptr(hex.EncodeToString(sum.Sum(nil)))
		c.digests = append(c.digests, digest{name: m.Name, size: uint64(m.Size), sha256: *m.row.SHA256})
	}
	if err != nil {
		c.streamProblem(m.Name, &m.row, err)
	}
}

// streamProblem notes why a member could not be read whole.
func (c *container) streamProblem(name string, row *schema.ArchiveMember, err error) {
	if l, what, ok := c.decoder.Limits.passed(err); ok {
		c.passedBy(l, name, what)
		row.DecodeStatus = limitStatus
		return
	}
	p := schema.Problem{Member: text(name), Severity: Error, Code: readCode(err), Message: err.Error()}
	var ie *criu.ImageError
	if errors.As(err, &ie) {
		p.Code, p.Offset = ie.Code, &ie.Offset
	}
	row.DecodeStatus = p.Code
	c.problem(p)
}
