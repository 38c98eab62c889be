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
	"github.com/ckexport/ckexport/pipeline/source"
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

// openOwn opens what a flag names, for what begins in the same way each time: it takes
// the place of nothing else.
func openOwn(ctx context.Context, flag, path, beginning string, std streams) (*answerFile, error) {
	if path != "-" {
		if err := mustReplaceOwn(flag, path, beginning, std); err != nil {
			return nil, err
		}
	}
	return openAnswer(ctx, flag, path, std)
}

// mustReplaceOwn refuses a file, unless the command has written it earlier, as its
// beginning tells, or it is empty: it may be an archive, or the output.
func mustReplaceOwn(flag, path, beginning string, std streams) error {
	if _, err := formats(places{}).For(path); err == nil {
		return usagef("%s %q: it is named as an output is", flag, path)
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || standardAt(info, std) != nil {
		return nil // a new file, or a stream, which what is written is added to
	}
	f, err := os.Open(path)
	if err != nil {
		return usagef("%s: %v", flag, err)
	}
	defer f.Close() // it was only read
	held := make([]byte, len(beginning))
	switch n, err := io.ReadFull(f, held); {
	case errors.Is(err, io.EOF): // it is empty
		return nil
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return usagef("%s: %v", flag, err)
	case string(held[:n]) != beginning:
		return usagef("%s %q: what is there was not written for it: it is not replaced", flag, path)
	}
	return nil
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
	if isOutputFile(ctx, path) || source.IsArchive(ctx, path) {
		return nil, fmt.Errorf("%q is an output or an archive: it is not replaced", path)
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

// isOutputFile tells whether a file is an output: a Parquet file is one if it says what
// it has of which table, which results don't.
func isOutputFile(ctx context.Context, path string) bool {
	format, err := formats(places{}).For(path)
	if err != nil {
		return false
	}
	_, err = format.Describe(ctx, path)
	return err == nil
}

func newAnswer(path string) (*answerFile, error) {
	file, err := filelock.Beside(path)
	var failed *fs.PathError
	if errors.As(err, &failed) { // it names the file beside
		return nil, fmt.Errorf("%q: no new file can be made in its folder: %w", path, failed.Err)
	} else if err != nil {
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
