package findings

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/queries"
)

// Judge tells what is new.
type Judge struct {
	Baseline Baseline // nil for none
	Allowed  []Allow  // that have not expired
}

// Verdict is what is thought of a row of a detection.
type Verdict struct {
	Fingerprint  string // equal for the same finding in another checkpoint of its container
	Known        bool   // the baseline has it
	Acknowledged string // the reason in the allow file; empty for none
}

// IsNew tells whether it is neither known nor acknowledged.
func (v Verdict) IsNew() bool { return !v.Known && v.Acknowledged == "" }

// RowJudge judges the rows of one detection.
type RowJudge struct {
	baseline Baseline
	query    string
	key      []int // places of the columns
	allowed  []placedAllow
}

// Of returns what judges the rows of a detection that have these columns. The judge
// may be nil.
func (j *Judge) Of(q queries.Query, names []string) *RowJudge {
	r := &RowJudge{query: q.Name}
	for _, name := range q.FindingKey() {
		r.key = append(r.key, slices.Index(names, name))
	}
	if j == nil {
		return r
	}
	r.baseline = j.Baseline
	for _, a := range j.Allowed {
		if a.query == q.Name {
			r.allowed = append(r.allowed, a.place(names))
		}
	}
	return r
}

// Judge judges a row.
func (r *RowJudge) Judge(values []any) (Verdict, error) {
	fingerprint, err := r.fingerprint(values)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Fingerprint: fingerprint}
	_, v.Known = r.baseline[fingerprint]
	for _, a := range r.allowed {
		if a.matches(values) {
			v.Acknowledged = a.reason
			break
		}
	}
	return v, nil
}

// fingerprint digests the key of a row. A list is taken in order of its elements: DuckDB
// promises none.
func (r *RowJudge) fingerprint(values []any) (string, error) {
	key := []any{r.query}
	for _, at := range r.key {
		v := plain.JSON(values[at])
		if list, ok := v.([]any); ok {
			texts := make([]string, len(list))
			for i, e := range list {
				texts[i] = plain.Text(e)
			}
			slices.Sort(texts)
			v = texts
		}
		key = append(key, v)
	}
	data, err := json.Marshal(key)
	if err != nil {
		return "", fmt.Errorf("making a fingerprint: %w", err)
	}
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:16]), nil
}
