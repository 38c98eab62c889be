package workload

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Compressions of archives, as archives.compression has them.
const (
	none  = "none"
	gz    = "gzip"
	zstdC = "zstd"
)

// member is a member of an archive, in memory.
type member struct {
	header tar.Header
	data   []byte
}

// readArchive reads an archive of testdata.
func readArchive(path string) (members []member, compression string, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, "", err
	}
	in, compression, err := decompressor(data)
	if err != nil {
		return nil, "", fmt.Errorf("reading %q: %w", path, err)
	}
	if members, err = readTar(in); err != nil {
		return nil, "", fmt.Errorf("reading %q: %w", path, err)
	}
	return members, compression, nil
}

// decompressor tells the compression of a stream and undoes it.
func decompressor(data []byte) (io.Reader, string, error) {
	in := bytes.NewReader(data)
	switch {
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		r, err := gzip.NewReader(in)
		return r, gz, err
	case bytes.HasPrefix(data, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		r, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
		return r, zstdC, err
	}
	return in, none, nil
}

func readTar(in io.Reader) ([]member, error) {
	var members []member
	for t := tar.NewReader(in); ; {
		header, err := t.Next()
		if errors.Is(err, io.EOF) {
			return members, nil
		} else if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(t)
		if err != nil {
			return nil, err
		}
		members = append(members, member{*header, data})
	}
}

// writeArchive makes an archive at path: write fills its tar.
func writeArchive(path, compression string, write func(*tar.Writer) error) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if compression == none {
		out := &holes{file: file}
		return errors.Join(writeTar(out, write), out.end())
	}
	buffer := bufio.NewWriterSize(file, 1<<20)
	out, err := compressor(compression, buffer)
	if err != nil {
		return err
	}
	return errors.Join(writeTar(out, write), out.Close(), buffer.Flush())
}

func writeTar(out io.Writer, write func(*tar.Writer) error) error {
	t := tar.NewWriter(out)
	return errors.Join(write(t), t.Close())
}

// compressor compresses at the levels that the engines use: their defaults.
// It has one thread, for the same bytes at every number of processors.
func compressor(compression string, out io.Writer) (io.WriteCloser, error) {
	if compression == gz {
		return gzip.NewWriter(out), nil
	}
	return zstd.NewWriter(out, zstd.WithEncoderConcurrency(1))
}

func writeMember(t *tar.Writer, m *member) error {
	m.header.Size = int64(len(m.data))
	if err := t.WriteHeader(&m.header); err != nil {
		return fmt.Errorf("writing %q: %w", m.header.Name, err)
	}
	_, err := t.Write(m.data)
	return err
}

// holes writes a file, and leaves holes where whole blocks are zero: a plain
// archive of 10 GiB of empty pages takes no room.
type holes struct {
	file    *os.File
	pending int64 // zeros that were not written yet
}

func (h *holes) Write(p []byte) (int, error) {
	if len(p) >= pageSize && isZero(p) {
		h.pending += int64(len(p))
		return len(p), nil
	}
	if h.pending > 0 {
		if _, err := h.file.Seek(h.pending, io.SeekCurrent); err != nil {
			return 0, err
		}
		h.pending = 0
	}
	return h.file.Write(p)
}

// end gives the file its length.
func (h *holes) end() error {
	at, err := h.file.Seek(h.pending, io.SeekCurrent)
	if err != nil {
		return err
	}
	return h.file.Truncate(at)
}

var zeros [64 << 10]byte

func isZero(p []byte) bool {
	for len(p) > 0 {
		n := min(len(p), len(zeros))
		if !bytes.Equal(p[:n], zeros[:n]) {
			return false
		}
		p = p[n:]
	}
	return true
}
