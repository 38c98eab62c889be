package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/ckexport/ckexport/cmd/ckexport/internal/sandbox"
	"github.com/ckexport/ckexport/pipeline/extract"
	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/units"
)

// errNothing says that nothing was found; for what, has been said.
var errNothing = errors.New("nothing was found")

// extraction is where contents go: a folder, which for standard output is within one
// of our own, for as long as it takes.
type extraction struct {
	name   string // as the user has it
	path   string
	folder *extract.Folder
	ours   *tempFolder // nil for none
	last   extract.Item
}

// openExtraction makes the folder, or takes an empty one; - is standard output.
func openExtraction(name string) (*extraction, error) {
	to := &extraction{name: name, path: name}
	var err error
	if name == "-" {
		if to.ours, err = newTempFolder(); err != nil {
			return nil, err
		}
		to.path = filepath.Join(to.ours.path, "items")
	}
	if to.folder, err = extract.CreateFolder(to.path); err != nil {
		err = errors.Join(err, to.ours.Close())
		hint := ""
		if errors.Is(err, extract.ErrNotEmpty) {
			hint = "-o names a new folder, or an empty one: what is there is never added to or replaced"
		}
		return nil, &usageError{err: fmt.Errorf("-o %q: %w", name, err), hint: hint}
	}
	return to, nil
}

// grants is what writing takes.
func (to *extraction) grants() []sandbox.Grant {
	return append(grant(sandbox.Read|sandbox.Write|sandbox.Entries|sandbox.Files, to.path), to.ours.grants()...)
}

// close ends writing; a folder of ours is gone then.
func (to *extraction) close() {
	to.folder.Close() //nolint:errcheck // what it would tell, writing has told
	to.ours.Close()   //nolint:errcheck // what cannot be removed is left among temporary files
}

// show tells of an item that was written.
func (to *extraction) show(i extract.Item, opts *extractOptions, std streams) {
	to.last = i
	if to.ours == nil && !opts.quiet {
		fmt.Fprintln(std.out, describeItem(i)) //nolint:errcheck // the manifest has it
	}
}

// finish tells what was written, and what was not found.
func (to *extraction) finish(s *extract.Summary, opts *extractOptions, std streams) error {
	tellBad(s, std)
	if to.ours != nil && s.Items > 0 {
		if err := to.writeOut(s, std.out); err != nil {
			return err
		}
		for _, a := range to.last.Absent { // there is no manifest that would tell
			fmt.Fprintf(std.err, "ckexport: absent: %s: %s\n", units.Bytes(a.Bytes), a.Why)
		}
	}
	if to.ours == nil && !opts.quiet && s.Items > 0 {
		fmt.Fprintf(std.err, "wrote %s, %s, to %s; %s tells of each\n", units.Count(s.Items, "item"), units.Bytes(s.Bytes), quotedPath(to.name), extract.ManifestName)
	}
	switch {
	case len(s.Bad) > 0:
		return errBadArchives
	case s.Items == 0:
		return errNothing
	}
	return nil
}

// writeOut writes the one item to standard output.
func (to *extraction) writeOut(s *extract.Summary, out io.Writer) error {
	if s.Items > 1 {
		return &usageError{err: fmt.Errorf("%d items were found: standard output takes one", s.Items), hint: "-o DIR takes all; --checkpoint chooses one of several checkpoints"}
	}
	if to.last.Name == "" {
		return fmt.Errorf("%s has no content", describeItem(to.last))
	}
	file, err := os.Open(filepath.Join(to.path, to.last.Name))
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := io.Copy(out, file); err != nil {
		return fmt.Errorf("writing to standard output: %w", err)
	}
	return nil
}

// tellBad says which archives could not be read whole, and what nothing was found for.
func tellBad(s *extract.Summary, std streams) {
	tellArchives(s.Bad, std)
	for _, name := range s.NotFound {
		fmt.Fprintf(std.err, "ckexport: nothing was found for %s, in %s of %s\n", plain.Printable(name), units.Count(len(s.Checkpoints), "checkpoint"), units.Count(s.Archives, "archive"))
	}
}

// tellArchives says what is wrong with archives.
func tellArchives(bad []schema.Archive, std streams) {
	for _, a := range bad {
		reason := string(a.Status)
		if a.Error != nil {
			reason += ": " + *a.Error
		}
		fmt.Fprintf(std.err, "ckexport: %s: %s\n", quotedPath(a.Source), plain.Printable(reason))
	}
}

// describeItem is a line about an item.
func describeItem(i extract.Item) string {
	name, size := i.Name, "-"
	if name == "" {
		name = "-"
	}
	if i.Size != nil {
		size = units.Bytes(*i.Size)
	}
	what := i.Origin
	if i.PID != nil {
		what += fmt.Sprintf(" of pid %d", *i.PID)
	}
	path := i.Path
	switch {
	case path == "" && i.Key != "":
		path = i.Key
	case path == "":
		path = i.Member
	}
	if i.LinkTarget != "" {
		path += " -> " + i.LinkTarget
	}
	return fmt.Sprintf("%s  %s  %s  %s", name, size, what, plain.Cell(path))
}
