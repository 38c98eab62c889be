package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/lazyregexp"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/shards"
)

// indexVariable has the number of a pod of an Indexed Job of Kubernetes, from 0.
const indexVariable = "JOB_COMPLETION_INDEX"

func shardFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "shard", Usage: "do part `I/N` of the run, I from 0; /N takes I from " + indexVariable + ". ckexport commit makes it visible when all are done"},
		&cli.StringFlag{Name: "run", Usage: "`NAME` of the run that --shard is a part of"},
	}
}

var runName = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)

// readRunName checks the name of a run.
func readRunName(c *cli.Context) (string, error) {
	name := c.String("run")
	if !runName().MatchString(name) {
		return "", usagef("--run %q: want a name of up to 100 letters, digits, - and _", name)
	}
	return name, nil
}

// readShard reads shardFlags; nil for a run that is not split.
func readShard(c *cli.Context) (*sinks.Shard, error) {
	if !c.IsSet("shard") {
		if c.IsSet("run") {
			return nil, usagef("--run goes with --shard")
		}
		return nil, nil
	}
	if !c.IsSet("run") {
		return nil, &usageError{err: errors.New("--shard without --run"), hint: "name the run, the same for all its shards: --run backfill-1"}
	}
	name, err := readRunName(c)
	if err != nil {
		return nil, err
	}
	index, of, ok := strings.Cut(c.String("shard"), "/")
	n, err := strconv.Atoi(of)
	if !ok || err != nil || n < 1 {
		return nil, usagef("--shard %q: want I/N or /N, such as 0/16", c.String("shard"))
	}
	from := "--shard"
	if index == "" {
		from = indexVariable
		if index, ok = os.LookupEnv(indexVariable); !ok {
			return nil, &usageError{err: fmt.Errorf("--shard %s: %s is not set", c.String("shard"), indexVariable), hint: "an Indexed Job sets it; elsewhere say which shard it is: --shard 0/" + of}
		}
	}
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= n {
		return nil, usagef("%s %q: want a number from 0 to %d", from, index, n-1)
	}
	return &sinks.Shard{Run: name, Index: i, Of: n}, nil
}

// openSink opens the output for the run, or what is staged for it.
func (o *exportOptions) openSink(ctx context.Context, format sinks.Format, run *schema.Run, opts sinks.Options) (sinks.Sink, error) {
	if o.refresh {
		return o.openRefreshing(ctx, format, opts)
	}
	if o.shard == nil {
		return format.Open(ctx, o.output, opts)
	}
	return shards.Open(ctx, format, o.output, *o.shard, *run, opts)
}

// shardEnded makes no error of the end of a shard for which there is nothing to do.
func (o *exportOptions) shardEnded(err error, std streams) error {
	var why string
	switch {
	case errors.Is(err, shards.ErrStaged):
		why = fmt.Sprintf("shard %d of run %s is done already", o.shard.Index, o.shard.Run)
	case errors.Is(err, shards.ErrCommitted):
		why = fmt.Sprintf("run %s is committed already", o.shard.Run)
	default:
		return err
	}
	if !o.quiet {
		fmt.Fprintln(std.err, why+": nothing to do")
	}
	return nil
}
