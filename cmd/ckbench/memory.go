package main

import (
	"context"
	"os/exec"
)

// Programs that read all of memory, and what they are measured against.
const (
	withHeaders = "ckexport to Parquet, --memory headers"
	withPages   = "ckexport to Parquet, --memory pages"
	withStrings = "ckexport to Parquet, --memory strings"
	withScan    = "ckexport to Parquet, --scan builtin"
	grepping    = "ckexport grep"
	hashing     = "decompress and hash pages"
	scanning    = "decompress and scan with libyara"
	peerGrep    = "zstd -dc | grep -a"
)

// needle is looked for in memory, and not there.
const needle = "ckbench-needle"

// readMemory measures what reads all pages, over the archive of pages in zstd.
func (s *suite) readMemory(ctx context.Context) error {
	name := s.results.Sizes.Pages["zstd"]
	list := []program{
		{name: hashing, argv: func(dir string) []string { return []string{s.worker, "hash-pages", dir} }},
		{name: scanning, peer: true, argv: func(dir string) []string { return []string{s.worker, "scan", dir} }},
		s.export(withHeaders, "fleet.parquet", "--memory", "headers"),
		s.export(withPages, "fleet.parquet", "--memory", "pages"),
		s.export(withStrings, "fleet.parquet", "--memory", "strings"),
		{name: withScan, peer: true, argv: func(dir string) []string {
			return []string{"sh", "-c", `rm -rf "$3" && "$1" "$2" -o "$3" --quiet --scan builtin`, "sh", s.ckexport, dir, s.outputs + "/scan.parquet"}
		}},
		{name: grepping, argv: func(dir string) []string {
			return []string{"sh", "-c", `"$1" grep -F "$2" "$3"; [ $? -eq 1 ]`, "sh", s.ckexport, needle, dir}
		}},
	}
	if _, err := exec.LookPath("zstd"); err == nil {
		list = append(list, program{name: peerGrep, argv: func(dir string) []string {
			return []string{"sh", "-c", `zstd -dcq "$1"/* | grep -ac "$2"; true`, "sh", dir, needle}
		}})
	}
	return s.compare(ctx, name, fewer(s.reps), list)
}

// contentGoals are those of reading memory.
func (r *Results) contentGoals() []Goal {
	name := r.Sizes.Pages["zstd"]
	return []Goal{
		atMost(name+": "+withHeaders+", against none", 1.1, r.ratio(name, withHeaders, toParquet), "x"),
		atMost(name+": "+withPages+", against "+hashing, 1.2, r.ratio(name, withPages, hashing), "x"),
		atMost(name+": "+withScan+", against "+scanning, 1.2, r.ratio(name, withScan, scanning), "x"),
		atMost(name+": "+grepping+", against "+peerGrep, 1.3, r.ratio(name, grepping, peerGrep), "x"),
	}
}
