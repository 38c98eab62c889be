//go:build !linux

package main

import (
	"context"
	"os"
	"os/exec"
)

// thisProgram returns a command that runs this program.
func thisProgram(ctx context.Context, args ...string) (*exec.Cmd, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, path, args...), nil
}
