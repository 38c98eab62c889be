//go:build yara && cgo

package decode_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/scan"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/pipeline/yara"
	"github.com/ckexport/ckexport/schema"
)

// scanWith decodes a table of an archive with rules.
func scanWith(t *testing.T, path, rules string, tables ...string) *schema.Rows {
	t.Helper()
	compiled, err := yara.Compile([]yara.File{{Name: "test", Text: rules}})
	if err != nil {
		t.Fatal(err)
	}
	defer compiled.Close()
	d := decode.Decoder{Limits: decode.DefaultLimits(), PayloadLimit: 1 << 20, Rules: compiled}
	defer d.Close()
	for _, name := range tables {
		table, _ := schema.Lookup(name)
		d.Tables = append(d.Tables, table)
	}
	result, err := d.Decode(context.Background(), source.Path(path))
	if err != nil {
		t.Fatal(err)
	}
	return result.Checkpoints[0]
}

// TestPlantedMatches finds what the workloads of real archives planted, in each
// kind of content, with the table decoded alone.
func TestPlantedMatches(t *testing.T) {
	for _, c := range []struct{ archive, pattern, want string }{
		{"everything.tar.zst", "RWX-SHELLCODE-MARK", "memory anon rwxp RWX-SHELLCODE-MARK"},
		{"everything.tar.zst", "MEMFD-SECRET", "shared_memory memfd  MEMFD-SECRET"},
		{"everything.tar.zst", "TOKEN", "payload pipe_buffers kind=pipe,position=0 TOKEN"},
		{"everything.tar.zst", "PATH=/", "environment stack rw-p PATH=/"},
		{"tcp-established.tar.zst", "Bearer ", "payload tcp_streams  Bearer "},
		{"ghost-files.tar", "GHOST-FILE-CONTENT", "ghost ghost_files /tmp/ghost.txt GHOST-FILE-CONTENT"},
		{"rootfs-changes.tar.gz", "curl", "file filesystem_entries /tmp/evilscript.sh curl"},
		{"tmpfs-data.tar", "tmpfs", "file filesystem_entries /data/a tmpfs"},
		{"redis.tar.zst", "Redis is starting", "container_log container_log_lines ctr.log Redis is starting"},
	} {
		rows := scanWith(t, own(c.archive), fmt.Sprintf("rule planted : tag { meta: a = 1 b = \"x\" strings: $p = %q condition: $p }", c.pattern), "memory_matches")
		var all []string
		for _, m := range rows.MemoryMatches {
			place, more := value(m.MappingKind), value(m.Perms)
			if m.SourceTable != nil {
				place, more = *m.SourceTable, value(m.Path.Text)
				if m.Origin == "payload" && place == "pipe_buffers" {
					more = value(m.SourceKey)
				}
			}
			all = append(all, fmt.Sprintf("%s %s %s %s", m.Origin, place, more, m.Matched))
			if m.Rule != "planted" || m.Namespace != "test" || m.Meta != `{"a":1,"b":"x"}` || !slices.Equal(m.Tags, []string{"tag"}) || value(m.StringID) != "$p" {
				t.Errorf("%s: row %+v", c.archive, m)
			}
		}
		if !slices.Contains(all, c.want) {
			t.Errorf("%s: %q, want %s", c.archive, all, c.want)
		}
		if len(rows.Processes)+len(rows.FilesystemEntries)+len(rows.PipeBuffers) > 0 {
			t.Errorf("%s: rows of tables that nobody asked for", c.archive)
		}
	}
}

// TestMatchAddresses compares the place of a marker with the mapping that the
// kernel showed.
func TestMatchAddresses(t *testing.T) {
	rows := scanWith(t, own("everything.tar.zst"), `rule r { strings: $m = "RWX-SHELLCODE-MARK" condition: $m }`)
	found := slices.ContainsFunc(rows.MemoryMatches, func(m schema.MemoryMatch) bool {
		return slices.ContainsFunc(rows.MemoryMappings, func(v schema.MemoryMapping) bool {
			return v.IsRWX && m.PID != nil && *m.PID == v.PID && *m.Address == v.StartAddress+4096 // its second page
		})
	})
	if !found {
		t.Errorf("no match is where the workload put it: %+v", rows.MemoryMatches)
	}
}

func TestMatchesAreBounded(t *testing.T) {
	rows := scanWith(t, own("redis.tar.zst"), `rule often { strings: $a = { 00 00 00 00 } condition: $a } rule seldom { strings: $b = "Redis is starting" condition: $b }`)
	often := 0
	for _, m := range rows.MemoryMatches {
		if m.Rule == "often" {
			often++
		}
	}
	if often != scan.MaxHits || len(rows.MemoryMatches) == often {
		t.Errorf("%d rows of %d", often, len(rows.MemoryMatches))
	}
	if !tableHasProblem(rows, "memory_matches", decode.LimitExceeded) {
		t.Error("that matches are left out is told nowhere")
	}
}
