package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// TestNarrowTerminal lists and checks on terminals: what is wider than one is a
// line for each column there, and a table everywhere else.
func TestNarrowTerminal(t *testing.T) {
	for command, column := range map[string]string{"list": "checkpoint_id = ", "check": "container = "} {
		args := []string{command, "../../testdata/archives/everything.tar.zst", "../../testdata/archives/redis.tar.zst"}
		narrow, wide := onTerminal(t, 60, args...), onTerminal(t, 2000, args...)
		if strings.Contains(narrow, "┌") || !strings.Contains(narrow, column) {
			t.Errorf("%s on 60 columns:\n%s", command, narrow)
		}
		if !strings.Contains(wide, "┌") || strings.Contains(wide, column) {
			t.Errorf("%s on 2000 columns:\n%s", command, wide)
		}
		if asked := onTerminal(t, 60, append(args, "--format", "table")...); !strings.Contains(asked, "┌") {
			t.Errorf("%s --format table on 60 columns:\n%s", command, asked)
		}
		cmd := exec.Command("ckexport", args...)
		cmd.Env = append(os.Environ(), "COLUMNS=60")
		piped, _ := cmd.Output() // check exits with 4
		first, _, _ := strings.Cut(string(piped), "\n")
		if !strings.HasPrefix(first, "┌") || utf8.RuneCountInString(first) < 61 {
			t.Errorf("%s into a pipe:\n%s", command, piped)
		}
	}
}

// onTerminal runs the command with standard output to a terminal of so many
// columns, and returns what it wrote.
func onTerminal(t *testing.T, columns uint16, args ...string) string {
	t.Helper()
	main, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer main.Close()
	if err := unix.IoctlSetPointerInt(int(main.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(main.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(main.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ckexport", args...)
	cmd.Stdout = terminal
	cmd.Env = append(os.Environ(), "PAGER=cat")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	var out bytes.Buffer
	out.ReadFrom(main) //nolint:errcheck // it fails where the terminal's other end is closed
	cmd.Wait()         //nolint:errcheck // check exits with 4
	return out.String()
}
