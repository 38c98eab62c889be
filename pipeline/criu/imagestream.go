package criu

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// ImageStream reads the files of a checkpoint from what criu-image-streamer
// makes of them: markers, some with a piece of a file behind them. Pieces of
// files that were written at a time are mixed, and the markers may be spread over
// several streams, the shards: their numbers put them in order.
// Source: criu-image-streamer proto/image.proto, src/extract.rs and src/util.rs.
type ImageStream struct {
	shards []*streamShard
	next   uint64 // the number of the marker that comes next
	file   string // that pieces belong to; empty if there is none
	ended  bool
	piece  *streamPiece // the last one, which may not have been read whole
}

// Piece is a piece of a file of an ImageStream, or its end.
type Piece struct {
	File string
	Size int64
	// Content has Size bytes, until the next piece is asked for.
	Content io.Reader
	End     bool
}

// ErrMissingMarker says that a marker is in none of the shards: one of them is not
// there.
var ErrMissingMarker = errors.New("is in none of the streams that are there")

// streamShard is one stream of markers.
type streamShard struct {
	in     *bufio.Reader
	offset int64
	marker *streamMarker // read ahead; nil where it was used up
	ended  bool
}

// streamMarker is a message marker.
type streamMarker struct {
	number   uint64
	filename string
	size     uint32
	kind     protowire.Number // of the field that is set
}

// The fields of a marker beside its number.
const (
	markerFilename protowire.Number = 2
	markerData     protowire.Number = 3
	markerFileEnd  protowire.Number = 4
	markerImageEnd protowire.Number = 5
)

// maxMarker is more than any marker has: criu-image-streamer writes no larger ones.
const maxMarker = 10 << 10

// NewImageStream returns the stream that the shards make up.
func NewImageStream(shards ...io.Reader) *ImageStream {
	s := &ImageStream{}
	for _, r := range shards {
		s.shards = append(s.shards, &streamShard{in: bufio.NewReaderSize(r, 64<<10)})
	}
	return s
}

// Started reports whether a marker was read: that the stream is one.
func (s *ImageStream) Started() bool { return s.next > 0 }

// Next returns the next piece, io.EOF behind the last one. Other errors are
// *ImageError, or those of the readers.
func (s *ImageStream) Next() (*Piece, error) {
	if s.piece != nil {
		if _, err := io.Copy(io.Discard, s.piece); err != nil {
			return nil, err
		}
		s.piece = nil
	}
	for {
		shard, err := s.nextShard()
		if err != nil {
			return nil, err
		}
		m := shard.marker
		shard.marker = nil
		s.next++
		if s.file == "" && (m.kind == markerData || m.kind == markerFileEnd) {
			return nil, s.fail(shard, CodeMalformed, errors.New("a piece that belongs to no file"))
		}
		switch m.kind {
		case markerFilename:
			s.file = m.filename
		case markerData:
			s.piece = &streamPiece{of: s, shard: shard, left: int64(m.size)}
			return &Piece{File: s.file, Size: int64(m.size), Content: s.piece}, nil
		case markerFileEnd:
			file := s.file
			s.file = ""
			return &Piece{File: file, End: true}, nil
		case markerImageEnd:
			s.ended = true
		}
	}
}

// nextShard returns the shard that is at the marker that comes next.
func (s *ImageStream) nextShard() (*streamShard, error) {
	var at *streamShard
	isLeft := false
	for _, shard := range s.shards {
		if shard.marker == nil && !shard.ended {
			if err := s.readMarker(shard); err != nil {
				return nil, err
			}
		}
		if m := shard.marker; m != nil {
			isLeft = true
			if m.number == s.next {
				at = shard
			}
		}
	}
	first := s.shards[0]
	switch {
	case s.ended && isLeft:
		return nil, s.fail(first, CodeMalformed, errors.New("markers behind the end of the image"))
	case s.ended:
		return nil, io.EOF
	case !isLeft:
		return nil, s.fail(first, CodeTruncated, errors.New("the stream ends before the image does"))
	case at == nil:
		return nil, s.fail(first, CodeTruncated, fmt.Errorf("marker %d %w", s.next, ErrMissingMarker))
	}
	return at, nil
}

func (s *ImageStream) fail(shard *streamShard, code string, err error) error {
	return &ImageError{Code: code, Entry: int(s.next), Offset: uint64(shard.offset), Err: err}
}

// readMarker reads the next marker of a shard: its size, and the message.
func (s *ImageStream) readMarker(shard *streamShard) error {
	cut := func(err error) error {
		if errors.Is(err, io.EOF) || err == io.ErrUnexpectedEOF { //nolint:errorlint // one that is wrapped is the reader's own
			return s.fail(shard, CodeTruncated, errors.New("the stream ends within a marker"))
		}
		return err
	}
	var head [4]byte
	switch n, err := io.ReadFull(shard.in, head[:]); {
	case n == 0 && errors.Is(err, io.EOF):
		shard.ended = true
		return nil
	case err != nil:
		return cut(err)
	}
	size := binary.LittleEndian.Uint32(head[:])
	if size > maxMarker {
		return s.fail(shard, CodeMalformed, fmt.Errorf("a marker of %d bytes", size))
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(shard.in, data); err != nil {
		return cut(err)
	}
	m, err := parseMarker(data)
	if err != nil {
		return s.fail(shard, CodeMalformed, err)
	}
	shard.marker, shard.offset = m, shard.offset+int64(len(head)+len(data))
	return nil
}

// parseMarker decodes a marker. Of several bodies the last one counts, as in any
// message.
func parseMarker(data []byte) (*streamMarker, error) {
	m := &streamMarker{}
	for len(data) > 0 {
		field, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return nil, fmt.Errorf("no marker: %w", protowire.ParseError(n))
		}
		value := data[n:]
		if n = protowire.ConsumeFieldValue(field, kind, value); n < 0 {
			return nil, fmt.Errorf("no marker: %w", protowire.ParseError(n))
		}
		data = value[n:]
		if field < 1 || field > markerImageEnd {
			continue
		}
		if isText := field == markerFilename; isText != (kind == protowire.BytesType) || !isText && kind != protowire.VarintType {
			return nil, fmt.Errorf("no marker: field %d has wire type %d", field, kind)
		}
		number, _ := protowire.ConsumeVarint(value)
		switch field {
		case 1:
			m.number = number
			continue
		case markerFilename:
			name, _ := protowire.ConsumeBytes(value)
			m.filename = string(name)
		case markerData:
			m.size = uint32(number)
		}
		m.kind = field
	}
	if m.kind == 0 || m.kind == markerFilename && m.filename == "" {
		return nil, errors.New("a marker that says nothing")
	}
	return m, nil
}

// LooksLikeImageStream reports whether content that begins so may be a stream, or
// a shard of one, that is not compressed.
func LooksLikeImageStream(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	size := binary.LittleEndian.Uint32(head)
	if size == 0 || size > maxMarker || int(size) > len(head)-4 {
		return false
	}
	_, err := parseMarker(head[4 : 4+size])
	return err == nil
}

// streamPiece reads a piece of a file.
type streamPiece struct {
	of    *ImageStream
	shard *streamShard
	left  int64
}

func (p *streamPiece) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n, err := p.shard.in.Read(b[:min(int64(len(b)), p.left)])
	p.left, p.shard.offset = p.left-int64(n), p.shard.offset+int64(n)
	if errors.Is(err, io.EOF) {
		if err = nil; p.left > 0 {
			err = p.of.fail(p.shard, CodeTruncated, errors.New("the stream ends within a piece of a file"))
		}
	}
	return n, err
}
