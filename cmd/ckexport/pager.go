package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// pager is a program that shows long texts on a terminal. It is started before the
// process is confined, and so before it is known how long the text is: less is told to
// leave at once where it fits, as git does.
type pager struct {
	cmd *exec.Cmd
	io.WriteCloser
}

// startPager starts $PAGER, or less where there is one; nil for none.
func startPager(terminal *os.File) *pager {
	command, isSet := os.LookupEnv("PAGER")
	if !isSet {
		command = "less"
	}
	words := strings.Fields(command)
	if len(words) == 0 || words[0] == "cat" {
		return nil
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.Env = terminal, os.Stderr, os.Environ()
	if _, isSet := os.LookupEnv("LESS"); !isSet {
		cmd.Env = append(cmd.Env, "LESS=FRX")
	}
	in, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return nil // without it the text is there all the same
	}
	return &pager{cmd, in}
}

// Write writes to the pager; of one that has been left, nobody wants the rest.
func (p *pager) Write(data []byte) (int, error) {
	n, err := p.WriteCloser.Write(data)
	if errors.Is(err, syscall.EPIPE) {
		return len(data), nil
	}
	return n, err
}

// Close waits until the reader leaves it.
func (p *pager) Close() error {
	err := p.WriteCloser.Close()
	if errors.As(p.cmd.Wait(), new(*exec.ExitError)) { // it says itself what is wrong
		return nil
	}
	return err
}
