package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pagemap"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pstree"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/source"
)

// A baseline does a part of the work over archives, one after another, in the
// barest way: what no exporter can be faster than.
type baseline func(ctx context.Context, files []string) error

// readOnly reads the same bytes.
func readOnly(ctx context.Context, files []string) error {
	buffer := make([]byte, 1<<20)
	return eachFile(ctx, files, func(f *os.File) error {
		for {
			if _, err := f.Read(buffer); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	})
}

// decompress decompresses to nothing with the library that ckexport uses;
// plain archives are read. The decompressors are made once. concurrency is
// zstd's: 1, or 0 for a pipeline of several goroutines, the library's default.
func decompress(concurrency int) baseline {
	return func(ctx context.Context, files []string) error {
		return decompressTo(ctx, files, concurrency, io.Discard)
	}
}

// decompressTo does so to a writer.
func decompressTo(ctx context.Context, files []string, concurrency int, to io.Writer) error {
	buffer := make([]byte, 256<<10)
	return eachDecompressed(ctx, files, concurrency, func(content io.Reader) error {
		_, err := io.CopyBuffer(struct{ io.Writer }{to}, content, buffer)
		return err
	})
}

// eachDecompressed calls do with each archive's tar.
func eachDecompressed(ctx context.Context, files []string, concurrency int, do func(io.Reader) error) error {
	var zstdOptions []zstd.DOption
	if concurrency > 0 {
		zstdOptions = append(zstdOptions, zstd.WithDecoderConcurrency(concurrency))
	}
	z, err := zstd.NewReader(nil, zstdOptions...)
	if err != nil {
		return err
	}
	defer z.Close()
	var g gzip.Reader
	in := bufio.NewReaderSize(nil, 256<<10)
	return eachFile(ctx, files, func(f *os.File) error {
		in.Reset(f)
		head, err := in.Peek(4)
		if err != nil {
			return err
		}
		var content io.Reader = in
		switch {
		case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
			content, err = &g, g.Reset(in)
		case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
			content, err = struct{ io.Reader }{z}, z.Reset(in)
		}
		if err != nil {
			return err
		}
		return do(content)
	})
}

func eachFile(ctx context.Context, files []string, do func(*os.File) error) error {
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		if err := errors.Join(do(f), f.Close()); err != nil {
			return fmt.Errorf("%q: %w", file, err)
		}
	}
	return nil
}

// mainImages finds the images that tell of processes, memory and files, and
// decodes their messages, with go-criu's types and nothing else.
func mainImages(ctx context.Context, files []string) error {
	var opener archive.Opener
	var buffer bytes.Buffer
	for _, file := range files {
		a, err := opener.Open(ctx, source.Path(file))
		if err != nil {
			return fmt.Errorf("%q: %w", file, err)
		}
		if err := errors.Join(eachMainImage(a, &buffer), a.Close()); err != nil {
			return fmt.Errorf("%q: %w", file, err)
		}
	}
	return nil
}

func eachMainImage(a *archive.Archive, buffer *bytes.Buffer) error {
	for {
		m, err := a.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		kind, _, ok := criu.KindOf(path.Base(m.Name))
		message := messageOf(kind.Name, false)
		if !ok || message == nil {
			continue
		}
		buffer.Reset()
		if _, err := buffer.ReadFrom(m); err != nil {
			return err
		}
		r, err := criu.NewReader(kind, buffer.Bytes(), false)
		if err != nil {
			return err
		}
		for {
			data, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
			if err := proto.Unmarshal(data, messageOf(kind.Name, r.Entries == 1)); err != nil {
				return fmt.Errorf("%s: %w", m.Name, err)
			}
		}
	}
}

// messageOf returns a message of an image; that of a pagemap's head differs.
func messageOf(kind string, first bool) proto.Message {
	switch kind {
	case "PSTREE":
		return &pstree.PstreeEntry{}
	case "CORE":
		return &core.CoreEntry{}
	case "MM":
		return &mm.MmEntry{}
	case "FILES":
		return &fdinfo.FileEntry{}
	case "FDINFO":
		return &fdinfo.FdinfoEntry{}
	case "PAGEMAP":
		if first {
			return &pagemap.PagemapHead{}
		}
		return &pagemap.PagemapEntry{}
	}
	return nil
}
