package schema

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestEveryTableIsCompared makes a new table a decision: it is compared, or
// stands in NotCompared with a reason.
func TestEveryTableIsCompared(t *testing.T) {
	reasons := NotCompared()
	single := []string{"checkpoints", "container_specs"} // one row of a checkpoint needs no key
	for _, table := range Tables() {
		c := table.Comparison
		if reason, excused := reasons[table.Name]; excused != (c == nil) || excused && reason == "" {
			t.Errorf("%s: compared or not, and why not? %q", table.Name, reason)
		}
		if c != nil && len(c.Key) == 0 && c.Through == nil && !slices.Contains(single, table.Name) {
			t.Errorf("%s has several rows and is compared by nothing", table.Name)
		}
		if c == nil {
			continue
		}
		for _, column := range slices.Concat(c.Key, c.Order) {
			if slices.Contains([]string{"file_id", "inode", "mount_id", "cg_set", "ghost_id", "member"}, column) {
				t.Errorf("%s is compared by %s, which means nothing in another checkpoint", table.Name, column)
			}
		}
	}
}

// TestEveryColumnIsComparedOrNot makes a new column a decision: what is not
// listed as ignored is compared, so it must not differ between two checkpoints
// of a container in which nothing happened.
func TestEveryColumnIsComparedOrNot(t *testing.T) {
	var compared strings.Builder
	for _, table := range Tables() {
		if table.Comparison == nil {
			continue
		}
		for _, c := range table.Compared() {
			compared.WriteString(table.Name + "." + c.Name + "\n")
		}
	}
	const path = "testdata/compared_columns.txt"
	if *update {
		if err := os.WriteFile(path, []byte(compared.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	reviewed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(reviewed) != compared.String() {
		t.Error("what ckexport diff compares has changed: decide for each new column whether it differs without meaning anything (comparisons.go); if not, run go test ./schema -update")
	}
}

// TestKeyAcross: exact bytes belong to a key of text.
func TestKeyAcross(t *testing.T) {
	table, _ := Lookup("filesystem_entries")
	if key := strings.Join(table.KeyAcross(), " "); key != "origin volume_name path path_raw" {
		t.Errorf("key: %s", key)
	}
	for _, c := range table.Compared() {
		if c.Name == "path" || c.Name == "path_raw" || c.Name == CheckpointID || c.Name == "position" {
			t.Errorf("%s is compared", c.Name)
		}
	}
}
