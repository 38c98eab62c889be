package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ckexport/ckexport/cmd/ckexport/internal/sandbox"
	"github.com/ckexport/ckexport/filelock"
)

// answerFile is where a command writes what it was asked for: a file, which is there when
// it is whole, or what takes it as it comes.
type answerFile struct {
	io.Writer
	end    io.Closer             // nil for a standard stream
	whole  *filelock.Replacement // nil for what takes it as it comes
	folder string                // where whole is
}

// openAnswer opens what a flag names, - for standard output, before the process is
// confined.
func openAnswer(ctx context.Context, flag, path string, std streams) (*answerFile, error) {
	if path == "-" {
		return &answerFile{Writer: std.out}, nil
	}
	a, err := answerAt(ctx, path, std)
	if err != nil {
		return nil, &usageError{err: fmt.Errorf("%s: %w", flag, err)}
	}
	return a, nil
}

func answerAt(ctx context.Context, path string, std streams) (*answerFile, error) {
	there, err := untilDone(ctx, func() (*os.File, error) { return os.OpenFile(path, os.O_WRONLY, 0) })
	if errors.Is(err, fs.ErrNotExist) {
		return newAnswer(path)
	} else if err != nil {
		return nil, err
	}
	info, err := there.Stat()
	if err != nil {
		return nil, errors.Join(err, there.Close())
	}
	if standard := standardAt(info, std); standard != nil {
		return &answerFile{Writer: standard}, there.Close()
	}
	if !info.Mode().IsRegular() {
		return &answerFile{Writer: there, end: there}, nil
	}
	if err := there.Close(); err != nil {
		return nil, err
	}
	if path, err = filepath.EvalSymlinks(path); err != nil { // a link stays one
		return nil, err
	}
	a, err := newAnswer(path)
	if err != nil {
		return nil, err
	}
	if err := a.whole.Chmod(info.Mode().Perm()); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func newAnswer(path string) (*answerFile, error) {
	file, err := filelock.Beside(path)
	if err != nil {
		return nil, err
	}
	return &answerFile{Writer: file, end: file, whole: file, folder: filepath.Dir(path)}, nil
}

// standardAt returns the standard stream that goes into a file, nil for none: others may
// write there too, in front of the answer and behind it.
func standardAt(info fs.FileInfo, std streams) io.Writer {
	if out, err := os.Stdout.Stat(); err == nil && os.SameFile(info, out) {
		return std.out
	}
	if out, err := os.Stderr.Stat(); err == nil && os.SameFile(info, out) {
		return std.err
	}
	return nil
}

// grants grants what it takes to give the file its place.
func (a *answerFile) grants() []sandbox.Grant {
	if a == nil || a.whole == nil {
		return nil
	}
	return grant(sandbox.Entries|sandbox.Files, a.folder)
}

// commit says that the answer is whole.
func (a *answerFile) commit() error {
	if a.whole == nil {
		return nil
	}
	if err := a.whole.Commit(); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

// Close ends writing; a file that was not committed is gone.
func (a *answerFile) Close() error {
	if a == nil || a.end == nil {
		return nil
	}
	return a.end.Close()
}
