package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/sinks"
)

// patternChars tell a pattern.
const patternChars = "*?["

// askedInputs are what a command asks: outputs, and archives, which are exported
// for that only.
type askedInputs struct {
	args    []string // as the user names them
	outputs []*output
	listing *source.Listing // of archives, nil for none
}

// findInputs finds out what each argument is: an output, or what export takes as an
// input. A pattern may name several of both.
func findInputs(c *cli.Context, args []string, std streams) (*askedInputs, error) {
	in := &askedInputs{args: args}
	kinds := formats(placesOf(c)) // all outputs share connections
	for _, arg := range args {
		names, err := expand(arg)
		if err == nil && isPatternOfStored(kinds, arg) {
			names, err = storedOutputs(c.Context, kinds, placesOf(c).store, arg)
		}
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if err := in.add(c, kinds, name, std); err != nil {
				return nil, err
			}
		}
	}
	return in, nil
}

// expand returns the paths that a pattern names, or a name that is none itself.
func expand(arg string) ([]string, error) {
	if !strings.ContainsAny(arg, patternChars) || strings.Contains(arg, "://") {
		return []string{arg}, nil
	}
	if _, err := os.Lstat(arg); err == nil {
		return []string{arg}, nil
	}
	names, err := filepath.Glob(arg)
	if err != nil {
		return nil, &source.InputError{Input: arg, Err: err}
	}
	if len(names) == 0 {
		return nil, &source.InputError{Input: arg, Err: errors.New("no such file, and no file matches it as a pattern")}
	}
	return names, nil
}

// isPatternOfStored tells a pattern of outputs in an object store, which ends as their
// names do, from one of archives.
func isPatternOfStored(kinds sinks.Formats, arg string) bool {
	scheme, _, _ := strings.Cut(arg, "://")
	_, unknown := kinds.For(arg)
	return strings.ContainsAny(arg, patternChars) && strings.EqualFold(scheme, objectstore.Scheme) && unknown == nil
}

// storedOutputs returns the outputs in an object store that a pattern names, or a name
// that is none itself. Names are what keys begin with, up to a slash.
func storedOutputs(ctx context.Context, kinds sinks.Formats, at objectstore.Options, pattern string) ([]string, error) {
	if _, err := outputAt(ctx, kinds, pattern); err == nil {
		return []string{pattern}, nil
	}
	refuse := func(err error) ([]string, error) {
		return nil, cmp.Or(ctx.Err(), error(&source.InputError{Input: pattern, Err: err}))
	}
	bucket, key := objectstore.Split(pattern)
	if _, err := path.Match(key, ""); err != nil {
		return refuse(err)
	}
	store, err := objectstore.Connect(at)
	if err != nil {
		return refuse(err)
	}
	elements := strings.Count(key, "/") + 1
	var found []string
	for info, err := range store.List(ctx, bucket, key[:strings.IndexAny(key, patternChars)]) {
		if err != nil {
			return refuse(err)
		}
		of := strings.Split(info.Key, "/")
		if len(of) <= elements {
			continue // an object outside of any output of these names
		}
		name := strings.Join(of[:elements], "/")
		isNamed, _ := path.Match(key, name) // the pattern is a right one
		url := objectstore.URL(bucket, name)
		if isNamed && !slices.Contains(found[max(0, len(found)-1):], url) { // keys come in order
			found = append(found, url)
		}
	}
	if len(found) == 0 {
		return refuse(errors.New("no output in the bucket matches it as a pattern"))
	}
	return found, nil
}

// add adds an output, or archives.
func (in *askedInputs) add(c *cli.Context, kinds sinks.Formats, name string, std streams) error {
	o, notOutput := outputAt(c.Context, kinds, name)
	if notOutput == nil {
		in.outputs = append(in.outputs, o)
		return nil
	}
	_, unknown := kinds.For(name)
	isNamedAsOutput := unknown == nil
	if !errors.As(notOutput, new(*sinks.RefusedError)) || isNamedAsOutput && errors.Is(notOutput, fs.ErrPermission) {
		return notOutput
	}
	listing, err := source.List(c.Context, providers("", placesOf(c)), []string{name}, std.in)
	if err != nil {
		if isNamedAsOutput {
			return notOutput
		}
		return err
	}
	if in.listing == nil {
		in.listing = &source.Listing{}
	}
	in.listing.Add(listing)
	return nil
}

// mustBeSpared refuses to write a result to path where it would take the place of an
// output or an archive that is asked, lie within any output, or pass for an output.
func (in *askedInputs) mustBeSpared(ctx context.Context, flag, path string) error {
	if err := in.mustBeOutside(ctx, flag, path); err != nil {
		return err
	}
	var asked []string
	for _, o := range in.outputs {
		asked = append(asked, o.location)
	}
	if in.listing != nil {
		for _, candidate := range in.listing.Candidates {
			if !candidate.Special { // nothing takes the place of a FIFO
				asked = append(asked, candidate.Name())
			}
		}
	}
	if there, err := os.Stat(path); err == nil {
		for _, name := range asked {
			if info, err := os.Stat(name); err == nil && os.SameFile(info, there) {
				return usagef("%s %q is what is asked: the result would take its place", flag, path)
			}
		}
	}
	ending := strings.ToLower(filepath.Ext(path))
	if _, err := formats(places{}).For(path); err == nil && formatByEnding[ending] == "" {
		return &usageError{err: fmt.Errorf("%s %q: results are no %s, which are outputs", flag, path, ending), hint: "ckexport INPUT... -o OUT makes an output"}
	}
	return nil
}

// mustBeOutside refuses a file in the folder of an output, whether it is asked or not:
// it would be taken for a part of it, or take the place of one.
func (in *askedInputs) mustBeOutside(ctx context.Context, flag, path string) error {
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return &usageError{err: fmt.Errorf("%s %q: %w", flag, path, err)}
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return err
	}
	for above := filepath.Dir(folder); folder != above; folder, above = above, filepath.Dir(above) {
		if in.isOutput(ctx, folder) {
			return usagef("%s %q would lie within the output %q", flag, path, folder)
		}
	}
	return nil
}

// isOutput tells whether a folder is an output: by its name and what it holds, or as
// it is asked.
func (in *askedInputs) isOutput(ctx context.Context, folder string) bool {
	if format, err := formats(places{}).For(folder); err == nil {
		if ok, _ := format.Recognise(ctx, folder); ok { // what cannot be looked at cannot be written to
			return true
		}
	}
	there, err := os.Stat(folder)
	return err == nil && slices.ContainsFunc(in.outputs, func(o *output) bool {
		info, err := os.Stat(o.location)
		return err == nil && os.SameFile(info, there)
	})
}

// one returns the output, where the command asks a single one.
func (in *askedInputs) one() *output {
	if len(in.outputs) == 1 && in.listing == nil {
		return in.outputs[0]
	}
	return nil
}

// look finds the archives.
func (in *askedInputs) look(ctx context.Context) ([]source.Item, error) {
	if in.listing == nil {
		return nil, nil
	}
	found, err := in.listing.Look(ctx)
	if err != nil {
		return nil, err
	}
	if len(found.Archives) == 0 {
		return nil, &usageError{
			err:  errors.New(noArchives(in.args)),
			hint: "outputs in a folder are named by a pattern, such as 'folder/*.parquet'",
		}
	}
	return found.Archives, nil
}

// noArchives says that there are none, and what was looked for.
func noArchives(inputs []string) string {
	return fmt.Sprintf("no archives in %s: looked for tars, plain and compressed, and unpacked archives", plain.Printable(strings.Join(inputs, ", ")))
}
