package main

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"io"

	"github.com/ckexport/ckexport/pipeline/yara"
	"github.com/ckexport/ckexport/queries/rules"
)

// pageBytes is the size of a page.
const pageBytes = 4 << 10

// hashFiles decompresses, and takes the SHA-256 of each changed file.
func hashFiles(ctx context.Context, files []string) error {
	h, sum, buffer := sha256.New(), [sha256.Size]byte{}, make([]byte, 256<<10)
	return eachDecompressed(ctx, files, 1, func(content io.Reader) error {
		return eachMember(content, func(m *tar.Header, content io.Reader) error {
			if m.Name != "rootfs-diff.tar" {
				return nil
			}
			return eachMember(content, func(_ *tar.Header, content io.Reader) error {
				h.Reset()
				_, err := io.CopyBuffer(struct{ io.Writer }{h}, content, buffer)
				h.Sum(sum[:0])
				return err
			})
		})
	})
}

func eachMember(in io.Reader, do func(m *tar.Header, content io.Reader) error) error {
	for r := tar.NewReader(in); ; {
		m, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := do(m, r); err != nil {
			return err
		}
	}
}

// hashPages decompresses, and takes the SHA-256 of each 4 KiB.
func hashPages(ctx context.Context, files []string) error {
	return decompressTo(ctx, files, 1, &pageHasher{})
}

type pageHasher struct {
	page [pageBytes]byte
	n    int
	sum  [sha256.Size]byte // kept, so that it is made
}

func (h *pageHasher) Write(b []byte) (int, error) {
	size := len(b)
	for len(b) > 0 {
		n := copy(h.page[h.n:], b)
		b, h.n = b[n:], h.n+n
		if h.n == pageBytes {
			h.sum, h.n = sha256.Sum256(h.page[:]), 0
		}
	}
	return size, nil
}

// scanBlocks decompresses, and has libyara look through blocks of 64 KiB with
// ckexport's own rules.
func scanBlocks(ctx context.Context, files []string) error {
	compiled, err := yara.Compile(rules.Files())
	if err != nil {
		return err
	}
	defer compiled.Close()
	scan, err := compiled.NewScan()
	if err != nil {
		return err
	}
	defer scan.Close()
	scan.Begin()
	s := &blockScanner{scan: scan}
	if err := decompressTo(ctx, files, 1, s); err != nil {
		return err
	}
	_, _, err = scan.End(nil, int64(s.address), compiled.NewBudget(yara.MaxMatches))
	return errors.Join(s.err, err)
}

type blockScanner struct {
	scan    *yara.Scan
	block   [64 << 10]byte
	n       int
	address uint64
	err     error
}

func (s *blockScanner) Write(b []byte) (int, error) {
	size := len(b)
	for len(b) > 0 {
		n := copy(s.block[s.n:], b)
		b, s.n = b[n:], s.n+n
		if s.n == len(s.block) {
			s.err = errors.Join(s.err, s.scan.Block(s.block[:], s.address))
			s.address, s.n = s.address+uint64(s.n), 0
		}
	}
	return size, nil
}
