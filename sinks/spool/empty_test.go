package spool_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks/spool"
)

var update = flag.Bool("update", false, "make the files of tables without rows anew")

// TestEmptyFilesAreCurrent: else files of tables without rows are encoded in each
// run, or are not what this version of arrow-go writes.
func TestEmptyFilesAreCurrent(t *testing.T) {
	is, want, packed, err := spool.EmptyFiles(schema.Tables())
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("empty.tar", packed, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for key, data := range want {
		if !bytes.Equal(is[key], data) {
			t.Errorf("empty.tar has no such file as %s is now: run make docs", key)
		}
	}
	if len(is) != len(want) {
		t.Errorf("empty.tar has %d files, and there are %d tables: run make docs", len(is), len(want))
	}
}
