package main

import (
	"context"
	"os/exec"
	"syscall"
)

// thisProgram returns a command that runs this program, also where its file was
// replaced meanwhile. Signals of a terminal are for this process, which decides
// when the other ends; without this one, the other is to end too, which takes
// that its thread stays locked while the other runs.
func thisProgram(ctx context.Context, args ...string) (*exec.Cmd, error) {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	return cmd, nil
}
