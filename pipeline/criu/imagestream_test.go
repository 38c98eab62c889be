package criu_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// oneFile is a stream with the file a, of three bytes.
var oneFile = []byte("\x03\x00\x00\x00\x12\x01a" + "\x04\x00\x00\x00\x08\x01\x18\x03xyz" + "\x04\x00\x00\x00\x08\x02\x20\x01" + "\x04\x00\x00\x00\x08\x03\x28\x01")

// FuzzImageStream: whatever stands in one stream, or in two shards, what comes
// out is no more than what went in, and the end is an end or an error of images.
func FuzzImageStream(f *testing.F) {
	f.Add(oneFile, []byte(nil))
	f.Add(append(bytes.Clone(oneFile[:7]), oneFile[18:]...), oneFile[7:18])
	f.Add(oneFile[:12], oneFile)
	f.Fuzz(func(t *testing.T, first, second []byte) {
		for _, shards := range [][]io.Reader{{bytes.NewReader(first)}, {bytes.NewReader(first), bytes.NewReader(second)}} {
			s := criu.NewImageStream(shards...)
			var out int
			for {
				piece, err := s.Next()
				if err != nil {
					if !errors.Is(err, io.EOF) && !errors.As(err, new(*criu.ImageError)) {
						t.Fatal(err)
					}
					break
				}
				if piece.File == "" {
					t.Error("a piece of no file")
				}
				if piece.End || piece.Size%2 == 1 { // what is not read is passed over
					continue
				}
				data, err := io.ReadAll(piece.Content)
				if out += len(data); err == nil && int64(len(data)) != piece.Size {
					t.Errorf("%d bytes of %d", len(data), piece.Size)
				}
			}
			if out > len(first)+len(second) {
				t.Errorf("%d bytes of %d", out, len(first)+len(second))
			}
		}
	})
}

// TestImageStream: one stream, and the same in two shards.
func TestImageStream(t *testing.T) {
	for _, shards := range [][]io.Reader{
		{bytes.NewReader(oneFile)},
		{bytes.NewReader(oneFile[7:18]), bytes.NewReader(append(bytes.Clone(oneFile[:7]), oneFile[18:]...))},
	} {
		s := criu.NewImageStream(shards...)
		piece, err := s.Next()
		if err != nil || piece.File != "a" || piece.End {
			t.Fatalf("%+v, %v", piece, err)
		}
		if data, err := io.ReadAll(piece.Content); string(data) != "xyz" || err != nil {
			t.Errorf("%q, %v", data, err)
		}
		if piece, err = s.Next(); err != nil || piece.File != "a" || !piece.End {
			t.Errorf("%+v, %v", piece, err)
		}
		if _, err = s.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%v", err)
		}
	}
}
