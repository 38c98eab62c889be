package archive

import (
	"bufio"
	"context"
	"errors"
	"io"
)

// streamReader reads a file that can be read only in order, through a buffer.
type streamReader struct {
	*bufio.Reader
	unbuffered *streamSource
}

// streamSource counts and digests what is read of a stream. Reads end when the
// context does, and at the budget's bound.
type streamSource struct {
	ctx    context.Context
	budget *Budget
	file   io.Reader
	bytes  int64
	digest *digest
}

func (s *streamSource) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	if err := s.budget.checkRead(s.bytes); err != nil {
		return 0, err
	}
	n, err := s.file.Read(p)
	if s.digest != nil {
		s.digest.add(p[:n], s.bytes)
	}
	s.bytes += int64(n)
	return n, err
}

func (s *streamReader) peek(n int) ([]byte, error) {
	head, err := s.Peek(n)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return head, err
}

func (s *streamReader) bytesRead() int64 { return s.unbuffered.bytes }

func (s *streamReader) sum() (string, error) {
	if s.unbuffered.digest == nil {
		return "", nil
	}
	s.unbuffered.budget = &Budget{} // the bound is one of decoding
	if _, err := io.Copy(io.Discard, s.unbuffered); err != nil {
		return "", err
	}
	return s.unbuffered.digest.String(), nil
}
