// Command ckexport turns container checkpoint archives into tables. This
// package is the command only: flags, progress, exit codes; a file per
// subcommand.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	keepFilesPrivate()
	lateCollection()
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // a write that nobody reads fails, and what is temporary still goes
	ctx, stop := signal.NotifyContext(context.Background(), endingSignals()...)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
	}()
	os.Exit(run(ctx, os.Args, streams{in: &interruptible{ctx, os.Stdin}, out: os.Stdout, err: os.Stderr}))
}

// endingSignals are those that end what is being done. That a terminal was closed
// does not where the caller said so, as nohup does.
func endingSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}
