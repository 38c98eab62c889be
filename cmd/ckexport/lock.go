package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/urfave/cli/v2"
)

// lockFlags are the flags of commands that write to an output, about other
// runs that do.
func lockFlags() []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{Name: "lock-timeout", Usage: "wait up to `TIME`, such as 90s or 15m, for another run that writes to the output; 0 refuses at once"},
	}
}

// lockTimeout reads lockFlags.
func lockTimeout(c *cli.Context) (time.Duration, error) {
	timeout := c.Duration("lock-timeout")
	if timeout < 0 {
		return 0, usagef("--lock-timeout %v: want 0 or more", timeout)
	}
	return timeout, nil
}

// sayWaiting says that the run waits for another one.
func (o *exportOptions) sayWaiting() {
	level := slog.LevelWarn
	if o.quiet {
		level = slog.LevelInfo
	}
	o.log.Log(context.Background(), level, "waiting for another run that writes to the output", "output", o.output, "timeout", o.lockTimeout)
}
