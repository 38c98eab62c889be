// Package source finds the archives that a command's inputs name. Each kind of
// place they lie in has a Provider; the command hands in those it has. Files and
// folders of this machine are in this package, see Local.
//
// It goes in two steps: List goes by names, so that it is known what must be
// readable before anything that may be an archive is opened; Look then reads
// first bytes. Neither reads archives.
package source

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ckexport/ckexport/pipeline/archive"
)

// Item is an archive that was found: what opens it, which also names it, and
// what tells whether it changed since an earlier run.
type Item struct {
	archive.Input
	Version archive.Version
	Folder  bool // an unpacked archive, or the layout of a container image
	// Within is the path from the folder that the input names, or as the input
	// gives it; empty where Name is the same on every machine. See Key.
	Within string
}

// Provider finds the archives in one kind of place.
type Provider interface {
	// Scheme is what inputs of this kind begin with, in front of "://". Those of
	// the provider without one are paths, and all that no other provider knows.
	Scheme() string
	// List returns what an input names: by names, without opening what may be an
	// archive. It fails with *InputError where the input cannot be used.
	List(ctx context.Context, input string) (*Listing, error)
}

// Listing is what inputs name.
type Listing struct {
	// Paths lists what must be readable on this machine, with all below.
	Paths []string
	// Candidates holds what may be archives, in order: folders lexically.
	// What cannot be looked at is one too: opening it fails with the reason.
	Candidates []Candidate
	// Network says that some of it is read over the network.
	Network bool
}

// Add adds another listing.
func (l *Listing) Add(other *Listing) {
	l.Paths = append(l.Paths, other.Paths...)
	l.Candidates = append(l.Candidates, other.Candidates...)
	l.Network = l.Network || other.Network
}

// Candidate is what may be an archive.
type Candidate struct {
	Item
	// Unsure says that no input names it, but the folder or prefix that it
	// stands in, so that it may be anything: Look decides.
	Unsure bool
	// Special says that it is a FIFO, a socket or a device: no archive, whatever
	// its name, and opening it may wait, or do something.
	Special bool
}

// InputError says that an input cannot be used.
type InputError struct {
	Input string
	Err   error
}

func (e *InputError) Error() string { return fmt.Sprintf("input %q: %v", e.Input, e.Err) }

func (e *InputError) Unwrap() error { return e.Err }

// Find returns the archives that the inputs name: List, then Look.
func Find(ctx context.Context, providers []Provider, inputs []string, stdin io.Reader) (*Found, error) {
	l, err := List(ctx, providers, inputs, stdin)
	if err != nil {
		return nil, err
	}
	return l.Look(ctx)
}

// List asks the providers what the inputs name. The input - stands for a list
// of inputs on standard input, one a line.
func List(ctx context.Context, providers []Provider, inputs []string, stdin io.Reader) (*Listing, error) {
	all := &Listing{}
	add := func(input string) error {
		p, err := providerOf(providers, input)
		if err != nil {
			return err
		}
		l, err := p.List(ctx, input)
		if err != nil {
			return err
		}
		all.Add(l)
		return ctx.Err()
	}
	for _, input := range inputs {
		var err error
		if input == "-" {
			err = eachLine(stdin, add)
		} else {
			err = add(input)
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// eachLine calls add with the lines of a list of inputs.
func eachLine(list io.Reader, add func(string) error) error {
	lines := bufio.NewScanner(list)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.TrimSuffix(lines.Text(), "\r")
		if strings.ContainsRune(line, 0) { // which no path has, but archives do
			return &InputError{Input: "-", Err: errors.New("standard input is a list of inputs, one a line, and this is something else: an archive itself, perhaps")}
		}
		if line != "" {
			if err := add(line); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return &InputError{Input: "-", Err: fmt.Errorf("reading the list of inputs: %w", err)}
	}
	return nil
}

// providerOf returns the provider of an input's scheme, or that of paths: a
// path may look as if it had one.
func providerOf(providers []Provider, input string) (Provider, error) {
	scheme, _, _ := strings.Cut(input, "://")
	var paths Provider
	for _, p := range providers {
		switch p.Scheme() {
		case "":
			paths = p
		case scheme:
			return p, nil
		}
	}
	if paths == nil {
		return nil, &InputError{Input: input, Err: errors.New("nothing reads such inputs")}
	}
	return paths, nil
}
