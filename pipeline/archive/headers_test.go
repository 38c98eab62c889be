package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// FuzzHeaders: whatever a stream holds, it is read as archive/tar reads it.
func FuzzHeaders(f *testing.F) {
	for _, format := range []tar.Format{tar.FormatUSTAR, tar.FormatGNU, tar.FormatPAX} {
		f.Add(tarOf(f, format, format == tar.FormatPAX))
	}
	plain := tarOf(f, tar.FormatUSTAR, false)
	f.Add(plain[:len(plain)-600])
	f.Add(plain[:700])
	for _, at := range []int{0, 100, 107, 124, 135, 148, 155, 156, 257, 263, 329, 345, 508} { // a field of the first header each
		changed := bytes.Clone(plain)
		changed[at] ^= 0x10
		if at < 148 || at > 155 {
			sum := checksum((*[blockSize]byte)(changed))
			copy(changed[148:], fmt.Sprintf("%06o\x00 ", sum))
		}
		f.Add(changed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want := tar.NewReader(&endWatcher{r: bytes.NewReader(data)})
		got := &headerReader{in: &endWatcher{r: bytes.NewReader(data)}}
		halves := &headerReader{in: &endWatcher{r: iotest.HalfReader(bytes.NewReader(data))}}
		for n := 0; ; n++ {
			whole, more := describe(want.Next, want)
			for _, r := range []*headerReader{got, halves} {
				if one, _ := describe(r.next, r); one != whole {
					t.Fatalf("member %d is\n%s\nwant\n%s", n, one, whole)
				}
			}
			if !more {
				return
			}
		}
	})
}

// describe tells all of the next member, and whether more may follow.
func describe(next func() (*tar.Header, error), r io.Reader) (all string, more bool) {
	h, err := next()
	if err != nil {
		return fmt.Sprintf("error %v, end %v", err, errors.Is(err, io.EOF)), false
	}
	var content bytes.Buffer
	_, err = io.Copy(&content, io.LimitReader(r, 64<<10))
	if err == nil && !isSparse(h) { // as tarReader does
		_, err = io.Copy(io.Discard, r)
	}
	more = err == nil
	told := *h
	told.Format = 0 // nobody asks for it
	return fmt.Sprintf("%+v\ncontent %x, error %v", told, content.Bytes(), err), more
}

// tarOf makes a tar with members of all kinds.
func tarOf(t testing.TB, format tar.Format, extended bool) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, h := range []tar.Header{
		{Typeflag: tar.TypeReg, Name: "etc/passwd", Size: 700, Mode: 0o4755, Uid: 1000, Gid: 100, Uname: "root", Gname: "users"},
		{Typeflag: tar.TypeReg, Name: "empty", Mode: 0o644, Uname: "root", Gname: "users"},
		{Typeflag: tar.TypeDir, Name: "etc/", Mode: 0o755},
		{Typeflag: tar.TypeSymlink, Name: "link", Linkname: "etc/passwd"},
		{Typeflag: tar.TypeLink, Name: "hardlink", Linkname: "etc/passwd"},
		{Typeflag: tar.TypeChar, Name: "dev/null", Devmajor: 1, Devminor: 3},
		{Typeflag: tar.TypeFifo, Name: "pipe"},
		{Typeflag: tar.TypeReg, Name: strings.Repeat("long/", 24) + "name", Size: 512},
		{Typeflag: tar.TypeReg, Name: "last", Size: 1},
	} {
		h.Format, h.ModTime = format, time.Unix(1764000000+int64(i), 0)
		if extended {
			h.PAXRecords = map[string]string{"SCHILY.xattr.user.a": "b"}
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(bytes.Repeat([]byte{'x'}, int(h.Size))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
