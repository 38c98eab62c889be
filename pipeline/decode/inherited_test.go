package decode_test

import (
	"archive/tar"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/pagemap"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// generation is a checkpoint of a chain: the pages it holds itself. Those of
// others are in its parent.
type generation struct {
	dir, parent string
	holds       func(page int) bool
}

// inherit spreads the memory of an archive's process over checkpoints that
// build on one another. The last one is that of the archive.
func inherit(t *testing.T, name string, chain []generation) []tarMember {
	t.Helper()
	members := readTar(t, own(name))
	runs := pagemapEntries(t, members[indexOf(t, members, "pagemap-1.img")].data)
	pages := members[indexOf(t, members, "pages-1.img")].data
	preDump := readTar(t, own("sleep-pre.tar.zst")) // whose inventory says so
	inventory := preDump[indexOf(t, preDump, "inventory.img")].data
	for n, g := range chain {
		var own []*pagemap.PagemapEntry
		var stored []byte
		page := 0
		for _, r := range runs {
			for i := range r.GetNrPages() {
				run := newGeneration(r.GetVaddr()+i*pageSize, 1)
				if g.holds(page) {
					stored = append(stored, pages[page*pageSize:(page+1)*pageSize]...)
				} else {
					run.Flags, run.InParent = proto.Uint32(1), proto.Bool(true)
				}
				own = append(own, run)
				page++
			}
		}
		images := []tarMember{member(g.dir+"/pagemap-1.img", pagemapImage(t, 1, own)), member(g.dir+"/pages-1.img", stored)}
		if g.parent != "" {
			images = append(images, tarMember{header: tar.Header{Typeflag: tar.TypeSymlink, Name: g.dir + "/parent", Linkname: g.parent}})
		}
		if n < len(chain)-1 {
			members = append(members, append(images, member(g.dir+"/inventory.img", inventory))...)
			continue
		}
		members[indexOf(t, members, "pagemap-1.img")] = images[0]
		members[indexOf(t, members, "pages-1.img")] = images[1]
		members = append(members, images[2:]...)
	}
	return members
}

func all(int) bool   { return true }
func odd(p int) bool { return p%2 == 1 }

// TestInheritedMemory: command lines and environments whose pages are in a
// parent checkpoint are whole where the archive holds the parent too, however
// it is packed, and NULL where it does not.
func TestInheritedMemory(t *testing.T) {
	want := decodeFile(t, own("odd-env-argv.tar")).Checkpoints[0]
	pair := inherit(t, "odd-env-argv.tar", []generation{{"pre-checkpoint", "", all}, {"checkpoint", "../pre-checkpoint", odd}})
	none := inherit(t, "odd-env-argv.tar", []generation{{"pre-checkpoint", "", all}, {"checkpoint", "../pre-checkpoint", func(int) bool { return false }}})
	chain := inherit(t, "odd-env-argv.tar", []generation{
		{"pre-1", "", all}, {"pre-2", "../pre-1", func(p int) bool { return p%3 == 1 }}, {"checkpoint", "../pre-2/", func(p int) bool { return p%3 == 2 }},
	})
	layer := gzipOf(t, tarOf(t, pair))
	for variant, c := range map[string]struct {
		path  string
		count int
	}{
		"pair":            {writeFile(t, "a.tar", tarOf(t, pair)), 2},
		"pair, gzip":      {writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, pair))), 2},
		"reversed":        {writeFile(t, "a.tar", tarOf(t, reversed(pair))), 2},
		"reversed, zstd":  {writeFile(t, "a.tar.zst", zstdOf(t, tarOf(t, reversed(pair)))), 2},
		"nothing own":     {writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, none))), 2},
		"unpacked":        {unpack(t, pair), 2},
		"under a folder":  {writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, under("x/y", pair)))), 2},
		"in an image":     {writeFile(t, "a.tar", tarOf(t, layoutOf(t, nil, layer))), 2},
		"in an image, gz": {writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, layoutOf(t, nil, layer)))), 2},
		"chain":           {writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, chain))), 3},
		"chain, plain":    {writeFile(t, "a.tar", tarOf(t, reversed(chain))), 3},
	} {
		t.Run(variant, func(t *testing.T) {
			result := decodeFile(t, c.path)
			if result.Archive.Status != decode.StatusOK || len(result.Checkpoints) != c.count {
				t.Fatalf("status %s, %d checkpoints, %+v", result.Archive.Status, len(result.Checkpoints), problemsOf(result))
			}
			rows := result.Checkpoints[0]
			if !reflect.DeepEqual(rows.Environment, want.Environment) || !reflect.DeepEqual(rows.Processes[0].Argv, want.Processes[0].Argv) {
				t.Errorf("argv is %q with %d variables, problems %+v", rows.Processes[0].Argv.Text, len(rows.Environment), problemsOf(result))
			}
			if kind := rows.Checkpoints[0].DumpKind; kind != "incremental" {
				t.Errorf("dump_kind is %s", kind)
			}
		})
	}

	drop := func(members []tarMember, names ...string) []tarMember {
		return slices.DeleteFunc(slices.Clone(members), func(m tarMember) bool {
			return slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(m.header.Name, n) })
		})
	}
	loop := inherit(t, "odd-env-argv.tar", []generation{{"pre-checkpoint", "../checkpoint", odd}, {"checkpoint", "../pre-checkpoint", odd}})
	cut := slices.Clone(pair)
	cut[indexOf(t, cut, "pages-1.img")].data = nil // of checkpoint
	short := slices.Clone(pair)
	for i, m := range short {
		if m.header.Name == "pre-checkpoint/pages-1.img" {
			short[i].data = m.data[:pageSize]
		}
	}
	for variant, c := range map[string]struct {
		members []tarMember
		code    string
	}{
		"no parent":          {drop(pair, "pre-checkpoint/inventory.img", "pre-checkpoint/pagemap-1.img", "pre-checkpoint/pages-1.img"), decode.ParentMissing},
		"parent, no pages":   {drop(pair, "pre-checkpoint/pages-1.img"), decode.MemoryNotKept},
		"parent, no map":     {drop(pair, "pre-checkpoint/pagemap-1.img"), decode.MemoryNotKept},
		"parent's pages cut": {short, decode.MemoryNotKept},
		"own pages cut":      {cut, decode.MemoryNotKept},
		"a loop":             {loop, decode.MemoryNotKept},
	} {
		t.Run(variant, func(t *testing.T) {
			for _, path := range []string{writeFile(t, "a.tar", tarOf(t, c.members)), writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, c.members)))} {
				result := decodeFile(t, path)
				rows := result.Checkpoints[0]
				if rows.Processes[0].Argv.Text != nil && !reflect.DeepEqual(rows.Processes[0].Argv, want.Processes[0].Argv) || len(rows.Environment) != 0 {
					t.Errorf("argv is %q with %d variables", rows.Processes[0].Argv.Text, len(rows.Environment))
				}
				if !slices.ContainsFunc(rows.Problems, func(p schema.Problem) bool { return p.Code == c.code }) {
					t.Errorf("no problem %s: %+v", c.code, rows.Problems)
				}
			}
		})
	}
}

// TestRealPreCheckpoints puts real pre-dumps and what was made on top of them
// into one archive each, and compares with the final archive: what it holds
// itself stays as it is, nothing is NULL any more, and both have their ids.
func TestRealPreCheckpoints(t *testing.T) {
	finals := []string{own("sleep-final.tar.zst")}
	for _, p := range archivesBelow(t, sharedArchives) {
		if filepath.Base(filepath.Dir(p)) == "precopy" && strings.Contains(p, "-final") {
			finals = append(finals, p)
		}
	}
	for _, final := range finals {
		pre := strings.Replace(final, "-final", "-pre", 1)
		members := readTar(t, final)
		for _, m := range readTar(t, pre) {
			if strings.HasPrefix(m.header.Name, "pre-checkpoint/") {
				members = append(members, m)
			}
		}
		alone, before := decodeFile(t, final).Checkpoints[0], decodeFile(t, pre).Checkpoints[0]
		result := decodeFile(t, writeFile(t, "both.tar.gz", gzipOf(t, tarOf(t, members))))
		if result.Archive.Status != decode.StatusOK || len(result.Checkpoints) != 2 {
			t.Errorf("%s: status %s, %d checkpoints, %+v", final, result.Archive.Status, len(result.Checkpoints), problemsOf(result))
			continue
		}
		both, parent := result.Checkpoints[0], result.Checkpoints[1]
		sameIdentity(t, both, alone)
		if parent.Checkpoints[0].DumpKind != "predump" || !reflect.DeepEqual(parent.Pagemaps, before.Pagemaps) {
			t.Errorf("%s: the pre-dump is a %s", final, parent.Checkpoints[0].DumpKind)
		}
		for i, p := range both.Processes {
			if p.Argv.Text == nil || len(both.Environment) == 0 {
				t.Errorf("%s: pid %d has no command line or environment", final, p.PID)
			}
			if a := alone.Processes[i].Argv; a.Text != nil && !reflect.DeepEqual(a, p.Argv) {
				t.Errorf("%s: argv is %q, alone it is %q", final, p.Argv.Text, a.Text)
			}
			if p.PID == 1 {
				cmdline, ok := readTruth(t, truthOf(final)).file("proc/1/cmdline")
				if !ok || strings.Join(exactList(p.Argv), "\x00")+"\x00" != cmdline {
					t.Errorf("%s: argv is %q, /proc says %q", final, p.Argv.Text, cmdline)
				}
			}
		}
	}
}
