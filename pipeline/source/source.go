// Package source finds the archives that a command's inputs name: files,
// folders, glob patterns, a list on standard input, and folders that an archive
// or a container image was unpacked into. It looks at names and first bytes; it does not read
// archives. It goes in two steps: List looks at names, so that it is known what
// must be readable before any file that may be an archive is opened; Look does that.
package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Archive is an archive that was found.
type Archive struct {
	Path      string // absolute
	SizeBytes uint64
	ModTime   time.Time
	Folder    bool // an unpacked archive, or the layout of a container image
}

// Found is what the inputs hold.
type Found struct {
	Archives []Archive // in the order of the inputs, folders in lexical order; each once
	// Ignored lists files within folders that neither look like archives nor
	// are named like one.
	Ignored []string
	// Unreadable lists what could not be looked at within folders.
	Unreadable []error
}

// InputError says that an input cannot be used.
type InputError struct {
	Input string
	Err   error
}

func (e *InputError) Error() string { return fmt.Sprintf("input %q: %v", e.Input, e.Err) }

func (e *InputError) Unwrap() error { return e.Err }

// Find returns the archives that the inputs name: List, then Look.
func Find(ctx context.Context, inputs []string, stdin io.Reader, output string) (*Found, error) {
	l, err := List(ctx, inputs, stdin, output)
	if err != nil {
		return nil, err
	}
	return l.Look(ctx)
}

// Listing is what the inputs name.
type Listing struct {
	// Paths lists what must be readable, with all below: the files and folders
	// that the inputs name, and the files that links in such folders lead to.
	Paths []string

	candidates []candidate
	unreadable []error
}

// candidate is what may be an archive.
type candidate struct {
	Archive
	undecided bool // only its first bytes tell
}

// List finds out what the inputs name. The input - stands for a
// list of paths on standard input, one a line. output is the path that will be
// written: it is passed over within folders, with what a run keeps beside it, and an input that is the output,
// or lies in it, is an *InputError, as is one that does not exist.
func List(ctx context.Context, inputs []string, stdin io.Reader, output string) (*Listing, error) {
	f := finder{ctx: ctx, found: &Listing{}}
	if output != "" {
		abs, err := filepath.Abs(output)
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", output, err)
		}
		f.output = resolve(abs)
		f.beside = filepath.Join(filepath.Dir(f.output), "."+filepath.Base(f.output)+".")
	}
	for _, input := range inputs {
		if input != "-" {
			if err := f.input(input); err != nil {
				return nil, err
			}
			continue
		}
		lines := bufio.NewScanner(stdin)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if line := strings.TrimSuffix(lines.Text(), "\r"); line != "" {
				if err := f.input(line); err != nil {
					return nil, err
				}
			}
		}
		if err := lines.Err(); err != nil {
			return nil, &InputError{Input: "-", Err: fmt.Errorf("reading the list of paths: %w", err)}
		}
	}
	return f.found, nil
}

// Look looks into the files whose names do not tell whether they are archives,
// and sums up folders.
func (l *Listing) Look(ctx context.Context) (*Found, error) {
	found := &Found{Unreadable: l.unreadable}
	seen := map[string]bool{}
	for _, c := range l.candidates {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		switch {
		case seen[c.Path]:
			continue
		case c.undecided && !looksLikeArchive(c.Path):
			found.Ignored = append(found.Ignored, c.Path)
			continue
		case c.Folder:
			if err := c.sumUp(ctx); err != nil { // reading it will tell what is wrong
				found.Unreadable = append(found.Unreadable, err)
			}
		}
		seen[c.Path] = true
		found.Archives = append(found.Archives, c.Archive)
	}
	return found, nil
}

type finder struct {
	ctx    context.Context
	output string // resolved, or empty
	beside string // how the paths begin of what a run keeps beside the output
	found  *Listing
}

// input adds what one input names.
func (f *finder) input(input string) error {
	info, err := os.Stat(input)
	if errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(input, "*?[") {
		return f.glob(input)
	}
	if err != nil {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return &InputError{Input: input, Err: err}
	}
	abs, err := filepath.Abs(input)
	if err != nil {
		return &InputError{Input: input, Err: err}
	}
	if f.within(abs) {
		return &InputError{Input: input, Err: errors.New("it is the output, or lies within it")}
	}
	f.found.Paths = append(f.found.Paths, abs)
	if !info.IsDir() {
		f.add(abs, info, false)
		return f.ctx.Err()
	}
	return f.folder(abs)
}

func (f *finder) glob(pattern string) error {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return &InputError{Input: pattern, Err: err}
	}
	if len(paths) == 0 {
		return &InputError{Input: pattern, Err: errors.New("no such file, and no file matches it as a pattern")}
	}
	for _, p := range paths {
		if err := f.input(p); err != nil {
			return err
		}
	}
	return nil
}

// folder adds the archives below a folder, or the folder itself if an archive
// was unpacked into it. Links to folders are not followed.
func (f *finder) folder(root string) error {
	// the separator makes a link to a folder, given as an input, be followed
	return filepath.WalkDir(root+string(filepath.Separator), func(path string, entry fs.DirEntry, err error) error {
		if ctxErr := f.ctx.Err(); ctxErr != nil {
			return ctxErr
		}
		if err != nil {
			f.found.unreadable = append(f.found.unreadable, err)
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		path = filepath.Clean(path)
		if f.within(path) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			if isUnpacked(path) {
				f.found.candidates = append(f.found.candidates, candidate{Archive: Archive{Path: path, Folder: true}})
				return fs.SkipDir
			}
			return nil
		}
		info, err := os.Stat(path) // a link to a file counts as the file
		if err != nil {
			f.found.unreadable = append(f.found.unreadable, err)
			return nil
		}
		if !info.Mode().IsRegular() {
			return nil
		}
		if entry.Type()&fs.ModeSymlink != 0 {
			f.found.Paths = append(f.found.Paths, path)
		}
		f.add(path, info, !namedLikeArchive(path))
		return nil
	})
}

// within reports whether a path is the output or lies in it, or in what a run
// keeps beside it.
func (f *finder) within(path string) bool {
	if f.output == "" {
		return false
	}
	path = resolve(path)
	return path == f.output || strings.HasPrefix(path, f.output+string(filepath.Separator)) || strings.HasPrefix(path, f.beside)
}

// resolve follows links where the path exists; else it resolves the folder.
func resolve(path string) string {
	if r, err := filepath.EvalSymlinks(path); err == nil {
		return r
	}
	if r, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(r, filepath.Base(path))
	}
	return path
}

func (f *finder) add(path string, info fs.FileInfo, undecided bool) {
	a := Archive{Path: path, SizeBytes: uint64(info.Size()), ModTime: info.ModTime()}
	f.found.candidates = append(f.found.candidates, candidate{a, undecided})
}

// sumUp describes an unpacked archive: the sum of its files, the newest time.
func (a *Archive) sumUp(ctx context.Context) error {
	return filepath.WalkDir(a.Path, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() {
			a.SizeBytes += uint64(info.Size())
		}
		if info.ModTime().After(a.ModTime) {
			a.ModTime = info.ModTime()
		}
		return ctx.Err()
	})
}

// marks are files that stand at the top of an unpacked archive, a folder of
// CRIU images, an unpacked pod archive, or an OCI image layout.
var marks = []string{
	"spec.dump", "config.dump", "inventory.img", "checkpoint/inventory.img", "pre-checkpoint/inventory.img", "pod.options", "pod.dump", "oci-layout",
}

// isUnpacked reports whether the folder is one input: an archive was unpacked
// into it, it holds CRIU images, or it is the layout of a container image.
func isUnpacked(folder string) bool {
	for _, mark := range marks {
		if info, err := os.Lstat(filepath.Join(folder, mark)); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return isDockerArchive(folder)
}

// isDockerArchive reports whether an archive of docker save was unpacked into
// the folder: its manifest.json lists images with their layers.
func isDockerArchive(folder string) bool {
	manifest := filepath.Join(folder, "manifest.json")
	if info, err := os.Lstat(manifest); err != nil || !info.Mode().IsRegular() {
		return false
	}
	head := bytes.TrimLeft(firstBytes(manifest), " \t\r\n")
	return bytes.HasPrefix(head, []byte("[")) && (bytes.Contains(head, []byte(`"Layers"`)) || bytes.Contains(head, []byte(`"Config"`)))
}

// firstBytes returns how a file begins, nil where it cannot be read.
func firstBytes(path string) []byte {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	head := make([]byte, 512)
	n, _ := io.ReadFull(file, head)
	return head[:n]
}

var archiveSuffixes = []string{".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar.xz", ".txz", ".tar.bz2", ".tbz2"}

func namedLikeArchive(path string) bool {
	name := strings.ToLower(filepath.Base(path))
	return slices.ContainsFunc(archiveSuffixes, func(s string) bool { return strings.HasSuffix(name, s) })
}

// looksLikeArchive reports whether a file begins like a tar or a compressed
// stream. Podman writes archives under any name.
func looksLikeArchive(path string) bool {
	head := firstBytes(path)
	if len(head) == 512 && bytes.Equal(head[257:262], []byte("ustar")) { // POSIX 1003.1, pax: header block
		return true
	}
	for _, m := range []string{"\x1f\x8b\x08", "\x28\xb5\x2f\xfd", "\xfd7zXZ\x00", "BZh"} {
		if bytes.HasPrefix(head, []byte(m)) {
			return true
		}
	}
	return false
}
