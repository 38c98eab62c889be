package schema

import (
	"reflect"
	"testing"
	"unsafe"
)

// TestTables: the tags of all row structs are right. What can be wrong with
// them, TestMistakes lists.
func TestTables(t *testing.T) {
	if _, err := tablesOf(reflect.TypeFor[Rows]()); err != nil {
		t.Error(err)
	}
}

// TestSizeOfMaps: maps are measured by their type, not all as if they were of
// texts.
func TestSizeOfMaps(t *testing.T) {
	row := struct {
		Counts map[int64]int64
		Labels map[string]string
	}{map[int64]int64{1 << 60: 1 << 60}, map[string]string{"team": "blue"}}
	if got, want := newSizer(reflect.TypeOf(row)).size(unsafe.Pointer(&row)), int(unsafe.Sizeof(row))+80+len("teamblue"); got != want {
		t.Errorf("size %d, want %d", got, want)
	}
}
