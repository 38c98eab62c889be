package spool

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/klauspost/compress/zstd"

	"github.com/ckexport/ckexport/sinks/internal/onepage"
)

// zstdCodec is arrow-go's, with other encoders. Those of arrow-go take 10 MiB each and
// are garbage after every second collection of it.
type zstdCodec struct {
	compress.ErrorCodec
	compress.StreamingCodec
	encoders chan *zstd.Encoder
}

// UseLeanZstd has arrow-go compress pages with one encoder for each CPU, of some 2 MiB.
// Arrow-go keeps codecs in a table that nothing guards: this is for the start of a
// program.
func UseLeanZstd() error {
	codec, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		return err
	}
	lean := zstdCodec{encoders: make(chan *zstd.Encoder, runtime.GOMAXPROCS(0))}
	var isError, isStreaming bool
	lean.ErrorCodec, isError = codec.(compress.ErrorCodec)
	lean.StreamingCodec, isStreaming = codec.(compress.StreamingCodec)
	if !isError || !isStreaming {
		return fmt.Errorf("arrow-go's zstd is a %T: %w", codec, errors.ErrUnsupported)
	}
	for range cap(lean.encoders) {
		encoder, err := onepage.NewZstd(zstdLevel, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return err
		}
		lean.encoders <- encoder
	}
	compress.RegisterCodec(compress.Codecs.Zstd, lean)
	return nil
}

// EncodeLevel compresses a page; dst is memory that may be used.
func (c zstdCodec) EncodeLevel(dst, src []byte, level int) []byte {
	if level != zstdLevel {
		return c.ErrorCodec.EncodeLevel(dst, src, level)
	}
	encoder := <-c.encoders
	defer func() { c.encoders <- encoder }()
	return encoder.EncodeAll(src, dst[:0])
}
