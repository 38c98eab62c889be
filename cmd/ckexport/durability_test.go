//go:build linux && amd64

package main

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// disk knows what would be lost if the machine stopped now.
type disk struct {
	written map[string]bool // files with bytes that are not on disk for good
	named   map[string]bool // folders with new names in them that are not
}

// apply follows a call.
func (d *disk) apply(c call) {
	folder := filepath.Dir(c.path)
	switch {
	case strings.HasPrefix(c.name, "open"):
		if c.creates {
			d.named[folder] = true
		}
	case strings.HasPrefix(c.name, "rename"), strings.HasPrefix(c.name, "link"), strings.HasPrefix(c.name, "mkdir"):
		d.named[folder] = true
	case strings.HasPrefix(c.name, "unlink"), c.name == "rmdir":
		delete(d.written, c.path)
		delete(d.named, c.path)
	case c.name == "fsync", c.name == "fdatasync":
		delete(d.written, c.path)
		delete(d.named, c.path)
	case strings.Contains(c.name, "write"), c.name == "copy_file_range", c.name == "sendfile", c.name == "splice",
		c.name == "ftruncate", c.name == "fallocate":
		d.written[c.path] = true
	}
}

// below returns what of a file or folder would be lost.
func (d *disk) below(path string) []string {
	var lost []string
	for _, p := range slices.Concat(slices.Collect(maps.Keys(d.written)), slices.Collect(maps.Keys(d.named))) {
		if strings.HasPrefix(p+"/", path+"/") {
			lost = append(lost, p)
		}
	}
	return lost
}

// TestDurability follows which files and names are on disk for good. A new
// output is before it takes its place, and its name before anything of the old
// one goes; a database changed in place is when the run ends, and its log's name
// before rows are committed to it; Iceberg tables that are added to are before the
// ledger tells of the run.
func TestDurability(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			tr := s.prepare(t)
			output := filepath.Join(tr.dir, s.output)
			d := disk{written: map[string]bool{}, named: map[string]bool{}}
			published, addedTo := false, false
			ledger := filepath.Join(output, "ckexport", "archives", "metadata")
			for _, c := range tr.calls {
				switch {
				case strings.HasPrefix(c.name, "rename") && c.path == output:
					published = true
					if lost := d.below(c.from); len(lost) > 0 {
						t.Errorf("not on disk when the output is put in place: %v", lost)
					}
				case strings.HasPrefix(c.name, "link") && filepath.Dir(c.path) == ledger: // of Iceberg tables that are there
					published, addedTo = true, true
					lost := slices.DeleteFunc(d.below(output), func(path string) bool { return path == ledger })
					if len(lost) > 0 {
						t.Errorf("not on disk when the run is complete: %v", lost)
					}
				case !addedTo && published && strings.HasPrefix(c.name, "unlink") && d.named[tr.dir]:
					t.Errorf("%v comes before the output's name is on disk", c)
				case c.name == "fsync" && c.path == output+".wal":
					published = true
					if d.named[tr.dir] {
						t.Error("rows are committed to a log whose name is not on disk")
					}
				}
				d.apply(c)
			}
			if lost := append(d.below(output), d.below(output+".wal")...); len(lost) > 0 || d.named[tr.dir] && !addedTo || !published {
				t.Errorf("not on disk when the run ends: %v; new names: %v; published: %v", lost, d.named[tr.dir], published)
			}
		})
	}
}
