package pipeline

import (
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// Known is the status of archives that an earlier run exported.
const Known schema.Status = "known"

// Report says what became of one archive.
type Report struct {
	Archive source.Item
	Status  schema.Status // as archives.status, or known
	Error   string
	Rows    uint64
}

// Summary says what a run did.
type Summary struct {
	RunID         string            `json:"run_id"`
	OK            int               `json:"archives_ok"`
	Partial       int               `json:"archives_partial"`
	Failed        int               `json:"archives_failed"`
	Duplicate     int               `json:"archives_duplicate"`
	Known         int               `json:"archives_known"`
	Checkpoints   int               `json:"checkpoints"`
	Rows          map[string]uint64 `json:"rows"`
	BytesRead     uint64            `json:"bytes_read"`
	ExpandedBytes uint64            `json:"bytes_expanded"`
	Seconds       float64           `json:"seconds"`
	Interrupted   bool              `json:"interrupted"`
	// Problems counts what was wrong with the archives that were read, by severity
	// and code; also where an earlier run wrote the same down.
	Problems map[schema.Severity]map[string]int `json:"problems"`
}

// Archives returns how many archives there were of each status.
func (s *Summary) Archives() map[schema.Status]int {
	return map[schema.Status]int{
		schema.StatusOK: s.OK, schema.StatusPartial: s.Partial, schema.StatusFailed: s.Failed, schema.StatusDuplicate: s.Duplicate, Known: s.Known,
	}
}

// Bad reports whether an archive failed or is partial.
func (s *Summary) Bad() bool { return s.Failed+s.Partial > 0 }

// RowCount returns the rows of all tables.
func (s *Summary) RowCount() uint64 {
	var n uint64
	for _, rows := range s.Rows {
		n += rows
	}
	return n
}

// count counts an archive of a status.
func (s *Summary) count(status schema.Status) {
	switch status {
	case schema.StatusOK:
		s.OK++
	case schema.StatusPartial:
		s.Partial++
	case schema.StatusFailed:
		s.Failed++
	case schema.StatusDuplicate:
		s.Duplicate++
	case Known:
		s.Known++
	}
}

// countProblems counts problems of an archive.
func (s *Summary) countProblems(problems []schema.Problem) {
	for _, p := range problems {
		if s.Problems[p.Severity] == nil {
			s.Problems[p.Severity] = map[string]int{}
		}
		s.Problems[p.Severity][p.Code]++
	}
}
