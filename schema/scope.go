package schema

import (
	"fmt"
	"slices"
)

// Scope says what the rows of a table belong to, and so how long they stay in
// an output and how often they stand there.
type Scope string

const (
	// ScopeCheckpoint is a checkpoint: its rows go when it is forgotten.
	ScopeCheckpoint Scope = "checkpoint"
	// ScopeArchive is an archive as a run read it: the ledger. Rows have the
	// checkpoint_id of what was read, if any, and stay.
	ScopeArchive Scope = "archive"
	// ScopeRun is a run that changed the output.
	ScopeRun Scope = "run"
	// ScopeContent is the content itself: a row stands once in an output for all
	// checkpoints that have it, and Key tells whether it is there already.
	ScopeContent Scope = "content"
	// ScopeConstant is this version of ckexport: the rows are the same in all
	// outputs.
	ScopeConstant Scope = "constant"
)

func (s Scope) isGlobal() bool { return s != ScopeCheckpoint && s != ScopeArchive }

// scopeOf reads a tag; none means that rows belong to checkpoints.
func scopeOf(tag string) (Scope, error) {
	scopes := []Scope{ScopeArchive, ScopeRun, ScopeContent, ScopeConstant}
	switch s := Scope(tag); {
	case tag == "":
		return ScopeCheckpoint, nil
	case slices.Contains(scopes, s):
		return s, nil
	}
	return "", fmt.Errorf("scope %q: there are %v", tag, scopes)
}
