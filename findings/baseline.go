package findings

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Baseline is what is known, by fingerprint.
type Baseline map[string]KnownFinding

// KnownFinding is a line of a baseline's file. Only the fingerprint is compared; the rest is
// for readers of the file.
type KnownFinding struct {
	Fingerprint string `json:"fingerprint"`
	Query       string `json:"query"`
	Container   string `json:"container,omitempty"`
}

// baselineVersion changes when fingerprints do.
const baselineVersion = 1

// NewBaseline makes a baseline of what was found. What is acknowledged is left out: it is
// known for as long as the allow file says so.
func NewBaseline(r *Result) Baseline {
	b := Baseline{}
	for _, f := range r.Findings {
		if f.Acknowledged == "" {
			b[f.Fingerprint] = KnownFinding{Fingerprint: f.Fingerprint, Query: f.Query.Name, Container: f.Container}
		}
	}
	return b
}

// ReadBaseline reads a baseline's file.
func ReadBaseline(in io.Reader) (Baseline, error) {
	var file struct {
		Version  int            `json:"ckexport_baseline"`
		Findings []KnownFinding `json:"findings"`
	}
	if err := json.NewDecoder(in).Decode(&file); err != nil {
		return nil, err
	}
	switch {
	case file.Version == 0:
		return nil, errors.New("not made by ckexport check --write-baseline")
	case file.Version != baselineVersion:
		return nil, fmt.Errorf("made by another version of ckexport (baseline %d, not %d): make it anew", file.Version, baselineVersion)
	}
	b := Baseline{}
	for i, f := range file.Findings {
		if f.Fingerprint == "" {
			return nil, fmt.Errorf("finding %d has no fingerprint", i+1)
		}
		b[f.Fingerprint] = f
	}
	return b, nil
}

// Write writes the file: a finding on each line, in an order that makes for small
// differences.
func (b Baseline) Write(out io.Writer) error {
	list := make([]KnownFinding, 0, len(b))
	for _, f := range b {
		list = append(list, f)
	}
	slices.SortFunc(list, func(x, y KnownFinding) int {
		return cmp.Or(cmp.Compare(x.Query, y.Query), cmp.Compare(x.Container, y.Container), cmp.Compare(x.Fingerprint, y.Fingerprint))
	})
	text := fmt.Appendf(nil, "{\"ckexport_baseline\": %d, \"findings\": [", baselineVersion)
	separator := "\n"
	for _, f := range list {
		line, err := json.Marshal(f)
		if err != nil {
			return err
		}
		text = append(append(text, separator...), line...)
		separator = ",\n"
	}
	_, err := out.Write(append(text, "\n]}\n"...))
	return err
}
