package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/pipeline/yara"
	"github.com/ckexport/ckexport/queries/rules"
	"github.com/ckexport/ckexport/schema"
)

// builtinRules names the rules that ship.
const builtinRules = "builtin"

func scanFlag() cli.Flag {
	return &cli.StringSliceFlag{
		Name:  "scan",
		Usage: "scan memory, files and payloads with YARA rules, into memory_matches: `RULES` is a file, a folder of *.yar and *.yara, or " + builtinRules + " for the rules that ship; may be given several times",
	}
}

// scanRules are the rules that --scan names.
type scanRules struct {
	compiled *yara.Rules // nil for none
	// names says which they were: the namespace of each file, and its SHA-256.
	names []string
}

// readScanRules compiles the rules that --scan names. It is done before the
// process is confined, as they lie anywhere.
func readScanRules(c *cli.Context, tables []*schema.Table) (scanRules, error) {
	names := c.StringSlice("scan")
	hasTable := slices.ContainsFunc(tables, func(t *schema.Table) bool { return t.Scan })
	switch {
	case len(names) == 0 && c.IsSet("tables") && hasTable:
		return scanRules{}, usagef("--tables: memory_matches has rows with --scan only")
	case len(names) == 0:
		return scanRules{}, nil
	case !hasTable:
		return scanRules{}, usagef("--scan is of use with the table memory_matches only")
	}
	var files []yara.File
	for _, name := range names {
		found, err := ruleFiles(c.Context, name)
		if err != nil {
			return scanRules{}, &usageError{err: fmt.Errorf("--scan: %w", err)}
		}
		files = append(files, found...)
	}
	compiled, err := yara.Compile(files)
	if errors.Is(err, yara.ErrMissing) {
		return scanRules{}, &usageError{err: fmt.Errorf("--scan: %w", err), hint: "apt-get install libyara-dev, and make build"}
	}
	if err != nil {
		return scanRules{}, &usageError{err: fmt.Errorf("--scan: %w", err)}
	}
	read := scanRules{compiled: compiled}
	for _, f := range files {
		sum := sha256.Sum256([]byte(f.Text))
		read.names = append(read.names, strings.ToValidUTF8(f.Name, "\uFFFD")+" "+hex.EncodeToString(sum[:]))
	}
	return read, nil
}

// ruleFiles reads the rules of a file, or of a folder and those below it.
func ruleFiles(ctx context.Context, name string) ([]yara.File, error) {
	if name == builtinRules {
		return rules.Files(), nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		f, err := ruleFile(ctx, name, filepath.Base(name))
		return []yara.File{f}, err
	}
	var files []yara.File
	err = filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		isHidden := strings.HasPrefix(entry.Name(), ".") && path != name // a mounted ConfigMap has its files there once more
		if isHidden && entry.IsDir() {
			return fs.SkipDir
		}
		if ending := filepath.Ext(path); isHidden || entry.IsDir() || ending != ".yar" && ending != ".yara" {
			return nil
		}
		namespace, err := filepath.Rel(name, path)
		if err != nil {
			return err
		}
		f, err := ruleFile(ctx, path, namespace)
		files = append(files, f)
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("folder %q has no *.yar or *.yara", name)
	}
	return files, err
}

func ruleFile(ctx context.Context, path, namespace string) (yara.File, error) {
	text, err := readNamed(ctx, path)
	return yara.File{Name: namespace, Text: string(text)}, err
}
