package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Local returns the provider of paths: files, folders and all below them,
// patterns, and folders that an archive or a container image was unpacked into.
//
// output is the path that will be written, empty for none: it is passed over
// within folders, with what a run keeps beside it, and an input that is the
// output or lies in it is an *InputError.
func Local(output string) Provider {
	l := &local{}
	if output == "" {
		return l
	}
	abs, err := filepath.Abs(output)
	if err != nil {
		l.err = fmt.Errorf("output %q: %w", output, err)
		return l
	}
	l.output = resolve(abs)
	l.beside = filepath.Join(filepath.Dir(l.output), "."+filepath.Base(l.output)+".")
	return l
}

type local struct {
	output string // resolved, or empty
	beside string // how the paths begin of what a run keeps beside the output
	err    error  // of resolving the output
}

func (*local) Scheme() string { return "" }

func (l *local) List(ctx context.Context, input string) (*Listing, error) {
	if l.err != nil {
		return nil, l.err
	}
	f := &finder{local: l, ctx: ctx, found: &Listing{}}
	return f.found, f.input(input)
}

// finder lists what one input names.
type finder struct {
	*local
	ctx   context.Context
	found *Listing
	// The input that is being listed: as it was given, and the folder that it is.
	given, root string
}

// input adds what a path or a pattern names.
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
	return f.existing(input, info)
}

// existing adds the file or folder at a path.
func (f *finder) existing(input string, info fs.FileInfo) error {
	abs, err := filepath.Abs(input)
	if err != nil {
		return &InputError{Input: input, Err: err}
	}
	if f.within(abs) {
		return &InputError{Input: input, Err: errors.New("it is the output, or lies within it")}
	}
	f.given, f.root = filepath.ToSlash(filepath.Clean(input)), abs
	// links to files in folders may lead anywhere: they are added when met
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
		info, err := os.Stat(p)
		if err == nil {
			err = f.existing(p, info)
		} else { // as in a folder, it costs itself only
			f.given, f.root = filepath.ToSlash(p), p
			err = f.unreadable(p, err)
		}
		if err != nil {
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
			if err := f.unreadable(path, err); err != nil || entry == nil || !entry.IsDir() {
				return err
			}
			return fs.SkipDir
		}
		path = filepath.Clean(path)
		if f.within(path) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			if isUnpacked(f.ctx, path) {
				f.found.Candidates = append(f.found.Candidates, Candidate{Item: Item{Input: Path(path), Folder: true, Within: f.key(path)}})
				return fs.SkipDir
			}
			return nil
		}
		info, err := os.Stat(path) // a link to a file counts as the file
		if err != nil {
			return f.unreadable(path, err)
		}
		if info.IsDir() { // a link to one
			return nil
		}
		if entry.Type()&fs.ModeSymlink != 0 {
			f.found.Paths = append(f.found.Paths, path)
		}
		f.add(path, info, true)
		return nil
	})
}

func (f *finder) add(path string, info fs.FileInfo, unsure bool) {
	f.found.Candidates = append(f.found.Candidates, Candidate{Item{Input: Path(path), Version: versionOf(info), Within: f.key(path)}, unsure, !info.Mode().IsRegular()})
}

// key returns the path of what the input names, from the folder that it is.
func (f *finder) key(path string) string {
	if below, ok := strings.CutPrefix(path, strings.TrimSuffix(f.root, string(filepath.Separator))+string(filepath.Separator)); ok {
		return filepath.ToSlash(below)
	}
	return f.given
}

// unreadable adds what cannot be looked at, unless it is the output.
func (f *finder) unreadable(path string, reason error) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return &InputError{Input: path, Err: err}
	}
	if !f.within(abs) {
		f.found.Candidates = append(f.found.Candidates, Candidate{Item: Item{Input: unreadable{Path(abs), reason}, Within: f.key(abs)}})
	}
	return nil
}

// within reports whether a path is the output or lies in it, or in what a run
// keeps beside it.
func (l *local) within(path string) bool {
	if l.output == "" {
		return false
	}
	path = resolve(path)
	return path == l.output || strings.HasPrefix(path, l.output+string(filepath.Separator)) || strings.HasPrefix(path, l.beside)
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
