// Package inspect tells of checkpoints one by one, for people who look at an archive:
// what checkpoint it is, what was found in it, and what its processes were and had.
//
// What is asked (gather.go, findings.go) is apart from how it is shown: as a tree
// (tree.go), as Markdown (markdown.go), or as JSON, which is Checkpoint as it stands.
package inspect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ckexport/ckexport/plain"
)

// Checkpoint is what is told of a checkpoint. Its rows have the columns of the tables
// they are from; sections that were not asked for are empty.
type Checkpoint struct {
	ID      string `json:"checkpoint_id"`
	Name    string `json:"name"` // namespace/pod/container
	Archive string `json:"archive"`
	// Facts are those of table checkpoints that say what it is.
	Facts       Row        `json:"facts"`
	Networks    []Row      `json:"networks,omitempty"`
	Statistics  Row        `json:"statistics,omitempty"`
	Annotations []Row      `json:"annotations,omitempty"`
	Findings    []Finding  `json:"findings,omitempty"`
	Problems    []Row      `json:"problems,omitempty"`
	Processes   []*Process `json:"processes,omitempty"` // those without a parent among them
	Mounts      []Row      `json:"mounts,omitempty"`    // of the container's specification
	MountTable  []Row      `json:"mount_table,omitempty"`

	processCount int
	listening    []string
}

// Process is a process, with those that it started.
type Process struct {
	Facts       Row        `json:"process"`
	Environment []Row      `json:"environment,omitempty"`
	Files       []Row      `json:"files,omitempty"`
	Sockets     []Row      `json:"sockets,omitempty"`
	Children    []*Process `json:"children,omitempty"`
}

// Finding is a detection that has rows of the checkpoint.
type Finding struct {
	Query    string `json:"query"`
	Severity string `json:"severity"`
	Title    string `json:"title"`
	Rows     int    `json:"rows"`
	// About is the first row, in short.
	About string `json:"about"`
}

// Row is a row of a table: columns in their order, without those that are NULL.
type Row []Column

// Column is a column of a row.
type Column struct {
	Name  string
	Value any
}

// Worst returns the finding that is most severe, nil without one.
func (c *Checkpoint) Worst() *Finding {
	if len(c.Findings) == 0 {
		return nil
	}
	return &c.Findings[0]
}

// Get returns the value of a column, nil for NULL.
func (r Row) Get(name string) any {
	for _, c := range r {
		if c.Name == name {
			return c.Value
		}
	}
	return nil
}

// Text returns the value of a column as text that is safe to show, empty for NULL;
// of a list, its values with commas between.
func (r Row) Text(name string) string {
	switch v := r.Get(name).(type) {
	case nil:
		return ""
	case []any:
		texts := make([]string, len(v))
		for i, element := range v {
			texts[i] = plain.Cell(element)
		}
		return strings.Join(texts, ",")
	default:
		return plain.Cell(v)
	}
}

// MarshalJSON writes the row as an object.
func (r Row) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, c := range r {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(c.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(plain.JSON(c.Value))
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Sections says what is told.
type Sections struct {
	Tree        bool // processes
	Commands    bool // with their command lines
	Environment bool
	Files       bool
	Sockets     bool
	Mounts      bool
	Statistics  bool
	Metadata    bool
	Problems    bool
	Findings    bool
	// Short is for a screenful: lists are cut, and say how to see more.
	Short bool
}

// Screenful is what is told where nothing is asked for.
func Screenful() Sections {
	return Sections{Tree: true, Commands: true, Problems: true, Findings: true, Short: true}
}

// All is everything.
func All() Sections {
	return Sections{Tree: true, Commands: true, Environment: true, Files: true, Sockets: true, Mounts: true, Statistics: true, Metadata: true, Problems: true, Findings: true}
}

// hasProcesses tells whether anything is told of processes.
func (s Sections) hasProcesses() bool {
	return s.Tree || s.Commands || s.Environment || s.Files || s.Sockets
}
