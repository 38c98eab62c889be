package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/schema"
)

// allMemoryKinds names all kinds of content of memory together.
const allMemoryKinds = "all"

func memoryKindsFlag() cli.Flag {
	return &cli.StringFlag{
		Name:  "memory",
		Usage: "read all pages of memory, and export what they hold: `KINDS` are " + strings.Join(schema.MemoryKinds(), ", ") + ", separated by commas, or " + allMemoryKinds,
	}
}

// readMemoryKinds returns the kinds of content of memory that are asked for.
// Each is of use with its table only, and a table of one that is named needs it.
func readMemoryKinds(c *cli.Context, tables []*schema.Table) ([]string, error) {
	var kinds []string
	for kind := range strings.SplitSeq(c.String("memory"), ",") {
		switch kind = strings.TrimSpace(kind); {
		case kind == "":
		case kind == allMemoryKinds:
			kinds = slices.DeleteFunc(schema.MemoryKinds(), func(k string) bool { return !hasMemoryTable(tables, k) })
		case !slices.Contains(schema.MemoryKinds(), kind):
			return nil, usagef("--memory %q: want %s, or %s", kind, strings.Join(schema.MemoryKinds(), ", "), allMemoryKinds)
		case !hasMemoryTable(tables, kind):
			return nil, usagef("--memory %s is of use with its table only, which --tables or --exclude-tables leave out", kind)
		case !slices.Contains(kinds, kind):
			kinds = append(kinds, kind)
		}
	}
	if c.IsSet("memory") && len(kinds) == 0 {
		return nil, usagef("--memory %q: it names no kind whose table is exported", c.String("memory"))
	}
	if !c.IsSet("tables") {
		return kinds, nil
	}
	for _, t := range tables {
		if t.Memory != "" && !slices.Contains(kinds, t.Memory) {
			return nil, usagef("--tables: %s has rows with --memory %s only", t.Name, t.Memory)
		}
	}
	return kinds, nil
}

func hasMemoryTable(tables []*schema.Table, kind string) bool {
	return slices.ContainsFunc(tables, func(t *schema.Table) bool { return t.Memory == kind })
}
