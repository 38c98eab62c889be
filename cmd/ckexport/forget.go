package main

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/compare"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/units"
)

func forgetCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "forget",
		Usage:     "remove checkpoints from an output",
		ArgsUsage: "OUT --before TIME | --keep-last N | --checkpoint NAME",
		Description: "Removes all rows of the checkpoints chosen, from every table, in one step. That they were here stays known (tables archives and\n" +
			"forgotten_checkpoints), so that a later run does not export them again. --before and --keep-last together remove what both name: what is\n" +
			"older than TIME and not among the last N of its container. Checkpoints without a time, or without a container's id for --keep-last, stay.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "before", Usage: "made before `TIME`: 2026-11-23, 2026-11-23T10:00:00Z, or an age such as 36h or 90d"},
			&cli.IntFlag{Name: "keep-last", Usage: "all but the last `N` of each container"},
			&cli.StringSliceFlag{Name: "checkpoint", Usage: "the one of this `NAME`, as ckexport diff takes it: its id, its archive, or namespace/pod/container@first, @last, @N or @TIME; may be given several times"},
			&cli.BoolFlag{Name: "dry-run", Usage: "list what would be removed, and remove nothing"},
		}, slices.Concat(storeFlags(), lockFlags(), sandboxFlags())...),
		Action: func(c *cli.Context) error {
			choice, err := forgetFlags(c, time.Now())
			if err != nil {
				return err
			}
			return forget(c, choice, std)
		},
	}
}

// retention chooses checkpoints.
type retention struct {
	before   time.Time // zero if not given
	keepLast int       // 0 if not given
	names    []string  // as compare.Find takes them
}

func forgetFlags(c *cli.Context, now time.Time) (*retention, error) {
	if c.NArg() != 1 {
		return nil, &usageError{err: fmt.Errorf("want an output, got %d arguments", c.NArg()), hint: "ckexport forget fleet.parquet --before 90d"}
	}
	r := &retention{keepLast: c.Int("keep-last"), names: c.StringSlice("checkpoint")}
	if c.IsSet("before") {
		var err error
		if r.before, err = parseTime(c.String("before"), now); err != nil {
			return nil, usagef("--before: %v", err)
		}
	}
	if c.IsSet("keep-last") && r.keepLast < 1 {
		return nil, usagef("--keep-last %d: want 1 or more", r.keepLast)
	}
	switch ages := c.IsSet("before") || c.IsSet("keep-last"); {
	case ages && len(r.names) > 0:
		return nil, usagef("--checkpoint goes without --before and --keep-last")
	case !ages && len(r.names) == 0:
		return nil, usagef("say what to forget: --before, --keep-last or --checkpoint")
	}
	return r, nil
}

// parseTime reads a time, a day (in UTC), or how long ago it was.
func parseTime(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return now.AddDate(0, 0, -int(n)), nil
		}
	}
	if age, err := time.ParseDuration(text); err == nil && age >= 0 {
		return now.Add(-age), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time such as 2026-11-23 or 2026-11-23T10:00:00Z, and no age such as 36h or 90d", text)
}

func forget(c *cli.Context, choice *retention, std streams) error {
	var chosen []sinks.Checkpoint
	_, done, err := rewrite(c, std, func(run *schema.Run) sinks.Rewrite {
		return sinks.Rewrite{Forget: func(there []sinks.Checkpoint) (map[string]bool, *schema.Rows, error) {
			var err error
			if chosen, err = choice.choose(there); err != nil || c.Bool("dry-run") {
				return nil, nil, err
			}
			ids, rows := forgotten(chosen, run)
			return ids, rows, nil
		}}
	})
	if err != nil {
		return err
	}
	if c.Bool("dry-run") {
		slices.SortFunc(chosen, func(a, b sinks.Checkpoint) int {
			return cmp.Or(cmp.Compare(nameable(a).Container(), nameable(b).Container()), cmp.Compare(a.ContainerID, b.ContainerID), a.TakenAt.Compare(b.TakenAt), cmp.Compare(a.ID, b.ID))
		})
		for _, cp := range chosen {
			taken := "-"
			if !cp.TakenAt.IsZero() {
				taken = cp.TakenAt.Format(time.RFC3339)
			}
			if _, err := fmt.Fprintf(std.out, "%s  %-20s  %s  %s\n", cp.ID, taken, quotedPath(cmp.Or(nameable(cp).Container(), "-")), quotedPath(cp.Source)); err != nil {
				return err
			}
		}
		_, err = fmt.Fprintf(std.err, "%s would be removed\n", units.Count(len(chosen), "checkpoint"))
		return err
	}
	_, err = fmt.Fprintf(std.err, "%s, %s removed\n", units.Count(len(chosen), "checkpoint"), units.Count(done.Rows, "row"))
	return err
}

// forgotten returns the ids of the checkpoints, and the rows that keep them.
func forgotten(chosen []sinks.Checkpoint, run *schema.Run) (map[string]bool, *schema.Rows) {
	run.FinishedAt = time.Now().UTC()
	ids, rows := map[string]bool{}, &schema.Rows{Runs: []schema.Run{*run}}
	for _, c := range chosen {
		if ids[c.ID] {
			continue
		}
		ids[c.ID] = true
		row := schema.ForgottenCheckpoint{CheckpointID: c.ID, RunID: run.RunID, ForgottenAt: run.FinishedAt}
		if c.Source != "" {
			row.Source = &c.Source
		}
		rows.Forgotten = append(rows.Forgotten, row)
	}
	return ids, rows
}

// choose returns the checkpoints that are to go.
func (r *retention) choose(there []sinks.Checkpoint) ([]sinks.Checkpoint, error) {
	if len(r.names) > 0 {
		return r.chooseByName(there)
	}
	last := map[string]bool{} // those that --keep-last keeps
	if r.keepLast > 0 {
		newestFirst := slices.SortedFunc(slices.Values(there), func(a, b sinks.Checkpoint) int {
			return cmp.Or(b.TakenAt.Compare(a.TakenAt), cmp.Compare(a.ID, b.ID))
		})
		kept := map[string]int{}
		for _, c := range newestFirst {
			if kept[c.ContainerID]++; kept[c.ContainerID] <= r.keepLast || c.ContainerID == "" {
				last[c.ID] = true
			}
		}
	}
	dated := false
	chosen := slices.DeleteFunc(slices.Clone(there), func(c sinks.Checkpoint) bool {
		dated = dated || !c.TakenAt.IsZero()
		return c.TakenAt.IsZero() || last[c.ID] || !r.before.IsZero() && !c.TakenAt.Before(r.before)
	})
	if len(there) > 0 && !dated {
		return nil, errors.New("the output does not tell when its checkpoints were made: it lacks table checkpoints; --checkpoint works")
	}
	return chosen, nil
}

// nameable returns what names a checkpoint, but for its archive.
func nameable(c sinks.Checkpoint) compare.Checkpoint {
	return compare.Checkpoint{ID: c.ID, ContainerID: c.ContainerID, ContainerName: c.ContainerName, PodName: c.PodName, PodNamespace: c.PodNamespace, TakenAt: c.TakenAt}
}

// chooseByName returns the checkpoints that are named.
func (r *retention) chooseByName(there []sinks.Checkpoint) ([]sinks.Checkpoint, error) {
	byID, all := map[string]sinks.Checkpoint{}, make([]compare.Checkpoint, len(there))
	for i, c := range there {
		byID[c.ID] = c
		all[i] = nameable(c)
		if c.Source != "" {
			all[i].Archives, all[i].Sources = []string{path.Base(c.Source)}, []string{c.Source}
		}
	}
	compare.Number(all)
	var chosen []sinks.Checkpoint
	for _, name := range r.names {
		found, err := compare.Find(all, name)
		if err != nil {
			return nil, fmt.Errorf("--checkpoint: %w", nameError(err))
		}
		if c, ok := byID[found.ID]; ok {
			chosen = append(chosen, c)
			delete(byID, found.ID) // another name may mean it too
		}
	}
	return chosen, nil
}
