//go:build !noduckdb

package duckdb

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// aliases makes paths that DuckDB takes as they stand: SQL is UTF-8, and a path to
// Parquet files is a pattern. So what lies below an odd name is reached through a
// descriptor of that. They are good until Close.
type aliases struct{ open map[string]*os.File }

// to returns such a path, absolute. What has an odd name must be there.
func (p *aliases) to(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	odd, rest := cutBehindOdd(path)
	if odd == "" {
		return path, nil
	}
	f := p.open[odd]
	if f == nil {
		if f, err = openPath(odd); err != nil {
			return "", err
		}
		if p.open == nil {
			p.open = map[string]*os.File{}
		}
		p.open[odd] = f
	}
	return filepath.Join(pathOf(f, odd), rest), nil
}

// toAll is to for each of several paths.
func (p *aliases) toAll(list []string) ([]string, error) {
	reached := make([]string, len(list))
	for i, path := range list {
		var err error
		if reached[i], err = p.to(path); err != nil {
			return nil, err
		}
	}
	return reached, nil
}

// Close closes the descriptors.
func (p *aliases) Close() error {
	var errs []error
	for _, f := range p.open {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// cutBehindOdd cuts a path behind its last name that DuckDB does not take for
// that name alone; odd is empty where there is none.
func cutBehindOdd(path string) (odd, rest string) {
	for dir := path; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if name := filepath.Base(dir); strings.ContainsAny(name, `*?[\`) || !utf8.ValidString(name) {
			return dir, strings.TrimPrefix(path[len(dir):], string(filepath.Separator))
		}
	}
	return "", path
}
