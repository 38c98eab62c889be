package main

import (
	"context"
	"io"
	"os"
)

// openNamed opens a file that a flag or an argument names, to be read. A FIFO opens, and
// has something to read, when someone writes to it, which may be never: waiting for
// that ends when ctx does.
func openNamed(ctx context.Context, path string) (io.ReadCloser, error) {
	file, err := untilDone(ctx, func() (*os.File, error) { return os.Open(path) })
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{&interruptible{ctx, file}, file}, nil
}

// readNamed reads such a file.
func readNamed(ctx context.Context, path string) ([]byte, error) {
	file, err := openNamed(ctx, path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}

// interruptible is a stream that ends when ctx does, also while it waits for someone
// to type.
type interruptible struct {
	ctx  context.Context
	from io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	data, err := untilDone(i.ctx, func() ([]byte, error) {
		data := make([]byte, len(p)) // p is the caller's again when ctx ends
		n, err := i.from.Read(data)
		return data[:n], err
	})
	return copy(p, data), err
}

// untilDone returns what call does, or the error of ctx if that ends first. Then call
// is left waiting, as nothing ends it: open(2) takes no deadline, and standard input
// none either, since a terminal or a pipe that others share is not to be made
// non-blocking. That is safe because what it would still return goes nowhere, and ctx
// ends only when the process is about to.
func untilDone[T any](ctx context.Context, call func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := call()
		done <- result{value, err}
	}()
	select {
	case got := <-done:
		return got.value, got.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
