package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"
)

func readTestdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func expandXZ(data []byte) ([]byte, error) {
	x, err := newXZ(bytes.NewReader(data), maxWindow)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(x)
}

// xzFiles are files that the program xz made of testdata/text, with each kind
// of check, in several blocks and in several streams; the last is of nothing.
var xzFiles = []string{"none.xz", "crc32.xz", "crc64.xz", "sha256.xz", "blocks.xz", "streams.xz", "empty.xz"}

// TestXZ compares the reader with what was compressed, cuts files at each
// byte, and damages each: the content is right, or an error tells.
func TestXZ(t *testing.T) {
	text := readTestdata(t, "text")
	for _, name := range xzFiles {
		data := readTestdata(t, name)
		want := map[string][]byte{"streams.xz": append(bytes.Clone(text), text...), "empty.xz": {}}[name]
		if want == nil {
			want = text
		}
		if got, err := expandXZ(data); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(want))
		}
		step := 9 // every byte of one file, some of the others
		if name == "blocks.xz" {
			step = 1
		}
		for cut := 0; cut < len(data); cut += step {
			got, err := expandXZ(data[:cut])
			whole := name == "streams.xz" && bytes.Equal(got, text) // the end of the first stream, or of padding
			if err == nil && !whole || err != nil && !errors.Is(truncation(err), ErrTruncated) || !bytes.HasPrefix(want, got) {
				t.Errorf("%s cut at %d: %d bytes, %v", name, cut, len(got), err)
			}
		}
		if name == "none.xz" {
			continue
		}
		for i := 0; i < len(data); i += step {
			damaged := bytes.Clone(data)
			damaged[i] ^= 0x10
			if got, err := expandXZ(damaged); err == nil && !bytes.Equal(got, want) && !(name == "streams.xz" && bytes.Equal(got, text)) {
				t.Errorf("%s with byte %d damaged: %d bytes, no error", name, i, len(got))
			}
		}
	}
}

// TestXZDictionary: a header that asks for a dictionary of 4 GiB does not get
// it, and filters that are not known are told.
func TestXZDictionary(t *testing.T) {
	data := readTestdata(t, "crc64.xz")
	at := bytes.Index(data, []byte{xzLZMA2, 1}) + 2
	data[at] = 40 // 4 GiB - 1
	header := data[12 : 12+(int(data[12])+1)*4]
	binary.LittleEndian.PutUint32(header[len(header)-4:], crc32.ChecksumIEEE(header[:len(header)-4]))
	if _, err := expandXZ(data); err == nil || errors.Is(err, ErrTruncated) {
		t.Errorf("a dictionary of 4 GiB: %v", err)
	}
	if _, err := expandXZ(readTestdata(t, "filtered.xz")); err == nil {
		t.Error("a filter that is not known was passed over")
	}
}

// FuzzXZ compares with another reader: what this one accepts, that one reads
// the same.
func FuzzXZ(f *testing.F) {
	for _, name := range append(xzFiles, "filtered.xz") {
		f.Add(readTestdata(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := newXZ(bytes.NewReader(data), maxWindow)
		if err != nil {
			return
		}
		got, err := io.ReadAll(io.LimitReader(x, 1<<20))
		if err != nil || len(got) == 1<<20 {
			return
		}
		other, err := xz.ReaderConfig{DictCap: 4096}.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("the other reader: %v", err)
		}
		if want, err := io.ReadAll(other); err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, the other reader has %d", len(got), len(want))
		}
	})
}

// TestCompressionOf: a compression is told by content, and a tar whose first
// member is called like one is none.
func TestCompressionOf(t *testing.T) {
	for head, want := range map[string]string{
		"\x1f\x8b\x08\x00":             Gzip,
		"\x28\xb5\x2f\xfd":             Zstd,
		"\x51\x2a\x4d\x18":             Zstd, // a skippable frame
		"\xfd7zXZ\x00":                 XZ,
		"BZh91AY&SY":                   Bzip2,
		"BZh9\x17\x72\x45\x38\x50\x90": Bzip2, // of nothing
		"BZh/checkpoint":               None,
		"":                             None,
	} {
		if got := compressionOf([]byte(head)); got != want {
			t.Errorf("%q: %s, want %s", head, got, want)
		}
	}
}

// TestXZDictionaries: many small blocks that each ask for a large dictionary
// do not get them all.
func TestXZDictionaries(t *testing.T) {
	data := readTestdata(t, "blocks.xz")
	first := 12
	size := (int(data[first]) + 1) * 4
	header := bytes.Clone(data[first : first+size])
	at := bytes.Index(header, []byte{xzLZMA2, 1}) + 2
	header[1] = 0 // no sizes
	copy(header[2:], []byte{xzLZMA2, 1, 30})
	clear(header[5 : size-4])
	if at < 5 {
		t.Fatalf("filter at %d", at)
	}
	binary.LittleEndian.PutUint32(header[size-4:], crc32.ChecksumIEEE(header[:size-4]))
	block := append(header, 0, 0, 0, 0)       // nothing but the end of LZMA2, padding
	block = append(block, make([]byte, 8)...) // CRC64 of nothing
	hostile := append(bytes.Clone(data[:12]), bytes.Repeat(block, 1<<16)...)
	if _, err := expandXZ(hostile); err == nil || !strings.Contains(err.Error(), "dictionaries") {
		t.Errorf("got %v", err)
	}
}

// faulty is a stream whose decompressor has a fault behind so many bytes.
type faulty struct{ left int }

func (f *faulty) Read(p []byte) (int, error) {
	if f.left == 0 {
		panic("a fault")
	}
	n := min(len(p), f.left)
	f.left -= n
	return n, nil
}

// TestReadAheadFault: a fault of a decompressor is its reader's, who is prepared for
// it, and not the program's end.
func TestReadAheadFault(t *testing.T) {
	const size = 3 * aheadFrom
	a := newReadAhead(&faulty{size}, new([aheadBlocks][]byte), func() filePlace { return filePlace{} })
	read, fault := 0, any(nil)
	func() {
		defer func() { fault = recover() }()
		for p := make([]byte, 1000); ; {
			n, err := a.Read(p)
			if read += n; err != nil {
				t.Fatal(err)
			}
		}
	}()
	if fault != "a fault" || read != size {
		t.Errorf("%v after %d bytes", fault, read)
	}
	a.stop()
	if _, err := a.Read(make([]byte, 1)); err == nil {
		t.Error("it can be read when it was stopped")
	}
}
