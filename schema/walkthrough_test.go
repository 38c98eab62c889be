package schema

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"
)

// This file does what CONTRIBUTING.md says under "Add a table" and "Add a
// column", with rows of its own in place of Rows.

type queue struct {
	_ struct{} `table:"queues" key:"checkpoint_id kind queue_id" doc:"A queue."`
	_ struct{} `compare:"kind name"`

	Kind string `arrow:"kind" sensitive:"no" doc:"print or mail"`
	ID   uint32 `arrow:"queue_id" compare:"no" doc:"number of it, given anew at each dump" src:"queues.img: queue_entry.id"`
	Name Text   `arrow:"name" encode:"bloom" sensitive:"no" doc:"name of it"`
}

// Job is one job that waits in a queue.
type Job struct {
	_ struct{} `table:"jobs" key:"checkpoint_id position" doc:"A job that waits."`
	_ struct{} `compare:"number" order:"position" through:"queue_id to queues(queue_id): name" show:"state"`
	_ struct{} `ref:"queue_kind queue_id to queues(kind queue_id)"`

	Position  uint32   `arrow:"position" doc:"position in the image, from 0"`
	QueueKind string   `arrow:"queue_kind" sensitive:"no" doc:"kind of its queue" src:"jobs.img: job_entry.kind"`
	QueueID   *uint32  `arrow:"queue_id" ref:"queues(queue_id) of kind mail" doc:"its queue" src:"jobs.img: job_entry.queue"`
	After     []uint32 `arrow:"after_queue_ids" ref:"queues(queue_id)" compare:"no" doc:"queues it waits for" src:"jobs.img: job_entry.after"`
	Number    uint64   `arrow:"number" encode:"delta" range:"uint64" doc:"number, near that of the job before" src:"jobs.img: job_entry.number"`
	State     Enum     `arrow:"state" doc:"waiting or held" src:"jobs.img: job_entry.state"`
	Note      *string  `arrow:"note" encode:"plain" sensitive:"args" doc:"what the user wrote; NULL for nothing" src:"jobs.img: job_entry.note"`
	Data      []byte   `arrow:"data" compare:"no" payload:"yes" sensitive:"payloads" doc:"content; NULL without --payloads, cut at --payload-limit"`
}

// jobWithOwner is that row with a column more: one field.
type jobWithOwner struct {
	_ struct{} `table:"jobs" key:"checkpoint_id position" doc:"A job that waits."`
	_ struct{} `compare:"number" order:"position" through:"queue_id to queues(queue_id): name" show:"state"`

	Job
	Owner Status `arrow:"owner" doc:"who gave it"`
}

type fixtureRows struct {
	CheckpointID string

	Queues []queue
	Jobs   []Job
}

func fixture(t *testing.T, rows any) []*Table {
	t.Helper()
	tables, err := tablesOf(reflect.TypeOf(rows))
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

// TestContributing: the row that CONTRIBUTING.md shows is Job.
func TestContributing(t *testing.T) {
	contributing, err := os.ReadFile("../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("walkthrough_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(contributing), "   ```go\n")
	shown, _, _ = strings.Cut(shown, "   ```\n")
	shown = strings.ReplaceAll("\n"+shown, "\n   ", "\n")
	if len(shown) < 100 || !strings.Contains(string(source), shown) {
		t.Errorf("CONTRIBUTING.md shows a row that no test has:%s", shown)
	}
}

// TestAddTable: all that others need to know of a table follows from its
// struct.
func TestAddTable(t *testing.T) {
	tables := fixture(t, fixtureRows{})
	jobs := tables[1]
	if jobs.Name != "jobs" || jobs.Doc != "A job that waits." || strings.Join(jobs.Key, " ") != "checkpoint_id position" || jobs.Global || jobs.Scope != ScopeCheckpoint {
		t.Errorf("table: %+v", jobs)
	}
	var columns []string
	for _, c := range jobs.Columns {
		columns = append(columns, c.Name+" "+c.SQLType())
	}
	want := []string{"checkpoint_id VARCHAR", "position UINTEGER", "queue_kind VARCHAR", "queue_id UINTEGER", "after_queue_ids UINTEGER[]", "number UBIGINT",
		"state VARCHAR", "state_code BIGINT", "note VARCHAR", "data BLOB"}
	if diff := cmp.Diff(want, columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	for name, want := range map[string]Encoding{
		CheckpointID: {Dictionary: true, Bloom: true}, "queue_kind": {Dictionary: true}, "number": {Delta: true}, "note": {}, "state_code": {}, "state": {Dictionary: true},
	} {
		if got := jobs.Column(name).Encoding; got != want {
			t.Errorf("encoding of %s: %+v", name, got)
		}
	}
	if c := jobs.Column("data"); !c.Payload || c.sensitiveText() != "payloads" || jobs.Column("note").Payload {
		t.Errorf("data: %+v", c)
	}
	comparison := &Comparison{Key: []string{"number"}, Order: []string{"position"}, Shown: []string{"state"}, Ignored: []string{"queue_id", "after_queue_ids", "data"},
		Through: &Through{Column: "queue_id", Table: "queues", Target: "queue_id", Columns: []string{"name"}}}
	if diff := cmp.Diff(comparison, jobs.Comparison); diff != "" {
		t.Errorf("comparison (-want +got):\n%s", diff)
	}
	if got := tables[0].KeyAcross(); strings.Join(got, " ") != "kind name name_raw" {
		t.Errorf("exact bytes belong to a key: %v", got)
	}
	var dictionary bytes.Buffer
	if err := writeDictionary(&dictionary, tables); err != nil {
		t.Fatal(err)
	}
	const described = "## jobs\n\nA job that waits. Key: `checkpoint_id`, `position`. References: `queue_id` to queues (`queue_id`) of kind mail; `after_queue_ids` to queues (`queue_id`); " +
		"`queue_kind`, `queue_id` to queues (`kind`, `queue_id`). Compared by `name`, `number` (`name` of queues, by `queue_id`), in the order of `position`, but for `queue_id`, `after_queue_ids`, `data`."
	if !strings.Contains(dictionary.String(), described) {
		t.Errorf("dictionary:\n%s", &dictionary)
	}
}

// TestRowsOfAddedTable: its rows become batches, and its references are
// checked.
func TestRowsOfAddedTable(t *testing.T) {
	tables := fixture(t, fixtureRows{})
	one, nine, note, state := uint32(1), uint32(9), "x", "held"
	rows := fixtureRows{
		Queues: []queue{{Kind: "mail", ID: 1}, {Kind: "print", ID: 2}},
		Jobs: []Job{
			{QueueKind: "mail", QueueID: &one, After: []uint32{2, 3}, Number: 1 << 40, State: Enum{Name: &state}, Note: &note},
			{Position: 1, QueueKind: "print", QueueID: &nine, Data: []byte{1}},
		},
	}
	var found []string
	for _, d := range dangling(tables, rowSet{all: reflect.ValueOf(rows)}, map[string]bool{"queues": true, "jobs": true}) {
		found = append(found, d.Table+" "+d.Example)
	}
	if diff := cmp.Diff([]string{"jobs queue_id=9", "jobs after_queue_ids=3", "jobs queue_kind=print,queue_id=9"}, found); diff != "" {
		t.Errorf("dangling references (-want +got):\n%s", diff)
	}
	batch := batchOf(tables[1], rows.Jobs)
	defer batch.Release()
	if !batch.Schema().Equal(tables[1].BatchSchema()) || batch.NumRows() != 2 {
		t.Errorf("batch: %v", batch)
	}
	if text := TextsOf(batch.Column(0)); text.Value(1) != "id" {
		t.Errorf("checkpoint_id: %q", text.Value(1))
	}
	if plain, ok := batch.Column(8).(*array.String); !ok || plain.Value(0) != "x" || !plain.IsNull(1) {
		t.Errorf("note: %v", batch.Column(8))
	}
}

// TestAddColumn: a column is a field.
func TestAddColumn(t *testing.T) {
	tables := fixture(t, struct {
		Queues []queue
		Jobs   []jobWithOwner
	}{})
	if owner := tables[1].Columns[len(tables[1].Columns)-1]; owner.Name != "owner" || owner.SQLType() != "VARCHAR" || owner.Nullable || owner.Comment() != "who gave it" {
		t.Errorf("column: %+v", owner)
	}
	batch := batchOf(tables[1], []jobWithOwner{{Job: Job{Number: 7}, Owner: "ada"}})
	defer batch.Release()
	if text := TextsOf(batch.Column(int(batch.NumCols()) - 1)); text.Value(0) != "ada" {
		t.Errorf("owner: %q", text.Value(0))
	}
}

func batchOf[T any](table *Table, rows []T) arrow.RecordBatch {
	b := table.NewBuilder()
	b.append("id", reflect.ValueOf(rows))
	return b.NewBatch()
}
