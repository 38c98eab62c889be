//go:build !noduckdb && !noiceberg

package main

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestIcebergToBucket runs commands on Iceberg tables in an object store, by two runs
// at once at first.
func TestIcebergToBucket(t *testing.T) {
	const output = "s3://fleet/data/fleet.iceberg"
	g := startGateway(t)
	archives := testArchives(t)
	folder := filepath.Dir(archives[0])
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if said, code := g.run(t, folder, "-o", output, "-q"); code != exitOK && !strings.Contains(said, "another run") {
				t.Errorf("exit code %d: %s", code, said)
			}
		})
	}
	both.Wait()
	g.ok(t, folder, "-o", output, "-q")
	if said := g.ok(t, folder, "-o", output); !strings.Contains(said, "nothing new") {
		t.Error(said)
	}
	const query = "SELECT count(*) AS n, bit_xor(hash(p)) AS h FROM (SELECT * FROM processes JOIN memory_mappings USING (checkpoint_id, pid) JOIN archive_members USING (checkpoint_id)) p"
	want := local(t, "query", exportedLocally(t, folder), query, "--format", "csv")
	isSame := func() {
		t.Helper()
		if got := g.ok(t, "query", output, query, "--format", "csv"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if said := g.ok(t, "verify", output); !strings.Contains(said, "0 findings of damage, 0 warnings") {
			t.Error(said)
		}
	}
	isSame()
	g.ok(t, "compact", output)
	isSame()
	g.ok(t, "report", output, "-o", "page.html")
	g.ok(t, "forget", output, "--keep-last", "1")
	if said := g.ok(t, "verify", output, "--against", folder); !strings.Contains(said, "whole") {
		t.Error(said)
	}
	g.ok(t, folder, "-o", output, "-q", "--overwrite")
	isSame()
}
