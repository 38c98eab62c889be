package main

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/pipeline/redact"
)

// redactionOptions are the flags of redaction.
type redactionOptions struct {
	policy  *redact.Policy // nil without --redact
	keyFile string
}

func redactionFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "redact", Usage: "replace secrets by keyed hashes: `POLICY` is env, args, payloads, annotations, logs, all, or the path of a rule file; several with commas"},
		&cli.StringFlag{Name: "redact-key-file", Usage: "with --redact, the key's `PATH`; it is made if there is none, and never written to again", DefaultText: "OUT.redact-key"},
	}
}

// readRedactionFlags reads and checks the flags; no key is touched.
func readRedactionFlags(c *cli.Context, output string) (redactionOptions, error) {
	opts := redactionOptions{keyFile: c.String("redact-key-file")}
	if !c.IsSet("redact") {
		if c.IsSet("redact-key-file") {
			return opts, usagef("--redact-key-file is of use with --redact only")
		}
		return opts, nil
	}
	if opts.keyFile == "" {
		if strings.Contains(output, "://") {
			return opts, usagef("--redact: name the key's file with --redact-key-file, as the output is not on this machine")
		}
		opts.keyFile = filepath.Clean(output) + ".redact-key"
	}
	inside, err := isWithin(output, opts.keyFile)
	if err != nil {
		return opts, err
	}
	if inside {
		return opts, usagef("--redact-key-file %q lies in the output, which may be given to those who must not have the key", opts.keyFile)
	}
	open := func(path string) (io.ReadCloser, error) { return openNamed(c.Context, path) }
	if opts.policy, err = redact.ParsePolicy(c.StringSlice("redact"), open); err != nil {
		return opts, usagef("--redact: %w", err)
	}
	return opts, nil
}

// open returns the redaction asked for, nil if none is. It makes the key where
// there is none; a dry run, which writes nothing, goes without.
func (o *redactionOptions) open(dryRun bool) (*redact.Redaction, error) {
	if o.policy == nil {
		return nil, nil
	}
	open := redact.OpenKey
	if dryRun {
		open = redact.ReadKey
	}
	key, err := open(o.keyFile)
	switch {
	case dryRun && errors.Is(err, fs.ErrNotExist):
		key = new(redact.Key) // nothing is redacted under it
	case err != nil:
		return nil, &usageError{err: err}
	}
	return &redact.Redaction{Policy: o.policy, Key: key}, nil
}

// isWithin reports whether a path is folder, or lies in it.
func isWithin(folder, path string) (bool, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return false, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return false, err
	}
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel), nil
}
