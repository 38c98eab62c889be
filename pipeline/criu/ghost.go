package criu

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"

	ghost "github.com/checkpoint-restore/go-criu/v8/crit/images/ghost-file"

	"github.com/ckexport/ckexport/pipeline/kernel"
)

// maxGhostEntry bounds the messages in front of a ghost file's content: a
// symbolic link's target is the longest part.
const maxGhostEntry = 1 << 20

// Ghost is a deleted file that CRIU saved.
type Ghost struct {
	Entry *ghost.GhostFileEntry
	// Size is the length of the file; Stored counts the content bytes in the
	// image, Chunks the pieces of a chunked one.
	Size, Stored uint64
	Chunks       uint32
	// SHA256 is the digest of the content, holes as zeros; empty where it is
	// not whole, or the file is no regular one.
	SHA256 string
	// Content is the beginning of the file, as much as was asked for.
	Content []byte
	// Extents lists the pieces of a chunked file; only the first of very many.
	Extents []Extent
}

// Extent is a piece of a chunked ghost file.
type Extent struct{ Offset, Size uint64 }

// maxExtents bounds how many pieces of a ghost file are listed.
const maxExtents = 100_000

// prefix keeps the beginning of what is written to it.
type prefix struct {
	kept  []byte
	limit uint64
}

func (p *prefix) Write(b []byte) (int, error) {
	p.kept = append(p.kept, b[:min(uint64(len(b)), p.limit-uint64(len(p.kept)))]...)
	return len(b), nil
}

// ReadGhost decodes a ghost-file image from a stream: content may be as large
// as any file. maxHashed bounds how many bytes are hashed, holes included;
// keep is how many bytes of the content are returned, at most maxHashed. The
// content is also written to content, holes as zeros. With an error it returns
// what precedes the damage, nil if there is nothing.
func ReadGhost(r io.Reader, maxHashed, keep uint64, content io.Writer) (*Ghost, error) {
	kind := Kind{Name: "GHOST_FILE"}
	head := make([]byte, 8)
	n, err := io.ReadFull(r, head)
	if err != nil {
		return nil, &ImageError{Code: CodeTruncated, Entry: -1, Err: fmt.Errorf("image has %d bytes, too few for its magics: %w", n, err)}
	}
	framing, err := NewReader(kind, head, false)
	if err != nil {
		return nil, err
	}
	if framing.Layout == LayoutV1_0 { // its entry begins in the bytes already read
		r = io.MultiReader(bytes.NewReader(head[4:]), r)
	}
	message, err := readSized(r, framing.Order)
	if err != nil {
		return nil, &ImageError{Code: CodeTruncated, Entry: 0, Offset: 8, Err: err}
	}
	g := &Ghost{Entry: &ghost.GhostFileEntry{}}
	if err := Unmarshal(message, g.Entry); err != nil && !errors.Is(err, ErrMissingField) {
		return nil, &ImageError{Code: CodeMalformed, Entry: 0, Offset: 8, Err: err}
	}
	if g.Entry.GetMode()&kernel.S_IFMT != kernel.S_IFREG {
		return g, nil
	}
	digest := sha256.New()
	beginning := &prefix{limit: min(keep, maxHashed)}
	out := io.MultiWriter(digest, beginning, content)
	if g.Entry.GetChunks() {
		err = g.readChunks(r, framing.Order, out, maxHashed)
	} else {
		var stored int64
		stored, err = io.Copy(out, r)
		g.Stored = uint64(stored)
		g.Size = g.Stored
		if g.Entry.Size != nil && g.Entry.GetSize() != g.Stored && err == nil {
			g.Size = g.Entry.GetSize()
			err = fmt.Errorf("content of %d bytes, the entry says %d", g.Stored, g.Size)
		}
	}
	g.Content = beginning.kept
	if err != nil {
		return g, &ImageError{Code: CodeTruncated, Entry: int(g.Chunks), Offset: g.Stored, Err: err}
	}
	if g.Size <= maxHashed {
		g.SHA256 = hex.EncodeToString(digest.Sum(nil))
	}
	return g, nil
}

// readChunks reads the pieces of a chunked file. Chunks made by fiemap may run
// past the end of the file and are clipped.
func (g *Ghost) readChunks(r io.Reader, order binary.ByteOrder, out io.Writer, maxHashed uint64) error {
	g.Size = g.Entry.GetSize()
	var position uint64
	for {
		message, err := readSized(r, order)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		chunk := &ghost.GhostChunkEntry{}
		if err := Unmarshal(message, chunk); err != nil {
			return fmt.Errorf("chunk %d: %w", g.Chunks, err)
		}
		if chunk.GetOff() < position || chunk.GetLen() > math.MaxInt64 {
			return fmt.Errorf("chunk %d of %d bytes at %d, behind byte %d", g.Chunks, chunk.GetLen(), chunk.GetOff(), position)
		}
		writeZeros(out, saturatingSub(min(chunk.GetOff(), g.Size, maxHashed), position))
		wanted := min(chunk.GetLen(), saturatingSub(g.Size, chunk.GetOff()))
		if _, err := io.CopyN(out, r, int64(wanted)); err != nil {
			return fmt.Errorf("chunk %d: %w", g.Chunks, noEOF(err))
		}
		if _, err := io.CopyN(io.Discard, r, int64(chunk.GetLen()-wanted)); err != nil {
			return fmt.Errorf("chunk %d: %w", g.Chunks, noEOF(err))
		}
		g.Stored += chunk.GetLen()
		g.Chunks++
		if len(g.Extents) < maxExtents {
			g.Extents = append(g.Extents, Extent{chunk.GetOff(), chunk.GetLen()})
		}
		position = chunk.GetOff() + wanted
	}
	writeZeros(out, saturatingSub(min(g.Size, maxHashed), position))
	return nil
}

// readSized reads a message with its size in front; io.EOF if there is none.
func readSized(r io.Reader, order binary.ByteOrder) ([]byte, error) {
	var size [4]byte
	if n, err := io.ReadFull(r, size[:]); err != nil {
		if n == 0 && errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, fmt.Errorf("size of a message: %w", noEOF(err))
	}
	n := order.Uint32(size[:])
	if n > maxGhostEntry {
		return nil, fmt.Errorf("message of %d bytes, at most %d are expected", n, maxGhostEntry)
	}
	message := make([]byte, n)
	if _, err := io.ReadFull(r, message); err != nil {
		return nil, fmt.Errorf("message of %d bytes: %w", n, noEOF(err))
	}
	return message, nil
}

// noEOF turns an end within a message into an error that is no clean end.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func saturatingSub(a, b uint64) uint64 {
	if a < b {
		return 0
	}
	return a - b
}

var zeros [64 << 10]byte

func writeZeros(w io.Writer, n uint64) {
	for n > 0 {
		k := min(n, uint64(len(zeros)))
		w.Write(zeros[:k]) //nolint:errcheck // neither a hash nor a sniffer fails
		n -= k
	}
}
