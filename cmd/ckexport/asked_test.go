package main

import (
	"slices"
	"testing"
)

// TestTablesOfViews: archives are decoded for the tables only that a view needs.
func TestTablesOfViews(t *testing.T) {
	q := questionOf("SELECT comm FROM sockets_full WHERE pid = 1")
	names := slices.Sorted(slices.Values(q.names()))
	if !slices.Equal(names, []string{"checkpoints", "processes", "sockets"}) || len(q.views) != 1 || q.whole {
		t.Errorf("it asks %v by %d views, all of an archive: %t", names, len(q.views), q.whole)
	}
}
