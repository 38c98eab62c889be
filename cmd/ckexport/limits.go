package main

import (
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/units"
)

// limitFlag is a flag that sets one limit: a number of bytes, or a count.
type limitFlag struct {
	name, usage string
	bytes       *int64
	ratio       *int64
	count       *int
}

// limitsOf lists the flags of limits.
func limitsOf(l *decode.Limits) []limitFlag {
	return []limitFlag{
		{name: "max-read", usage: "limit of `SIZE` bytes read of an archive, in each pass over it", bytes: &l.ReadBytes},
		{name: "max-expanded", usage: "limit of `SIZE` bytes that an archive, and all within it, expands to", bytes: &l.ExpandedBytes},
		{name: "max-ratio", usage: "limit of `TIMES` that a compressed stream or sparse member expands to its size; what expands to more has 2 GiB in all", ratio: &l.Ratio},
		{name: "max-members", usage: "limit of `N` members of an archive with those within it, and of entries of a tar of files", count: &l.Members},
		{name: "max-nesting", usage: "limit of `N` archives within archives", count: &l.Nesting},
		{name: "max-checkpoints", usage: "limit of `N` checkpoints of an archive", count: &l.Checkpoints},
		{name: "max-processes", usage: "limit of `N` processes of a checkpoint", count: &l.Processes},
		{name: "max-rows", usage: "limit of `N` rows of any one table of an archive; of memory_pages as many as --max-archive-memory allows", count: &l.Rows},
		{name: "max-metadata", usage: "limit of `SIZE` bytes of one image or metadata member", bytes: &l.MetadataBytes},
		{name: "max-archive-memory", usage: "limit of `SIZE` bytes of memory for an archive while it is decoded", bytes: &l.MemoryBytes},
	}
}

// limitFlags returns the flags, with the defaults as their values.
func limitFlags() []cli.Flag {
	l := decode.DefaultLimits()
	var flags []cli.Flag
	for _, f := range limitsOf(&l) {
		value := ""
		switch {
		case f.bytes != nil:
			value = units.Size(*f.bytes)
		case f.ratio != nil:
			value = strconv.FormatInt(*f.ratio, 10)
		default:
			value = strconv.Itoa(*f.count)
		}
		flags = append(flags, &cli.StringFlag{Name: f.name, Usage: f.usage + "; past it the archive is partial", Value: value})
	}
	return flags
}

// readLimits reads the flags.
func readLimits(c *cli.Context) (decode.Limits, error) {
	l := decode.DefaultLimits()
	for _, f := range limitsOf(&l) {
		text := c.String(f.name)
		if f.bytes != nil {
			n, err := units.Parse(text)
			if err != nil {
				return l, usagef("--%s: %v", f.name, err)
			}
			*f.bytes = n
			continue
		}
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 1 {
			return l, usagef("--%s %q: want a number of 1 or more", f.name, text)
		}
		if f.ratio != nil {
			*f.ratio = n
		} else {
			*f.count = int(n)
		}
	}
	return l, nil
}
