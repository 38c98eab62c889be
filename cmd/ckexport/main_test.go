package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// programs is the folder of the programs that tests run, first in their path:
// ckexport, and the launcher of the tests of faults.
var programs string

// TestMain makes the programs. That ckexport is a program of its own, and not
// this one again, keeps the race detector and the tests' memory out of it.
func TestMain(m *testing.M) { testscript.Main(withPrograms{m}, sandboxCommands) }

// withPrograms is a run of all tests with the programs there.
type withPrograms struct{ *testing.M }

func (m withPrograms) Run() (code int) {
	var err error
	if programs, err = os.MkdirTemp("", "ckexport-programs"); err == nil {
		defer os.RemoveAll(programs)
		err = makePrograms(programs)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// Programs that tests begin end with their terminal, also where whoever runs the
	// tests has SIGHUP ignored, as nohup does: what is caught here is not ignored there.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	os.Setenv("PATH", programs+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return m.M.Run()
}

// makePrograms builds the programs into a folder. CKEXPORT_UNDER_TEST, if set, is
// the path of a ckexport that has been built already: the Makefile's.
func makePrograms(folder string) error {
	args := []string{"build", "-o", folder}
	if mode := testing.CoverMode(); mode != "" { // counts what commands run that are not confined
		args = append(args, "-cover", "-covermode", mode, "-coverpkg", ".")
	}
	var packages []string
	if command := os.Getenv("CKEXPORT_UNDER_TEST"); command == "" {
		packages = append(packages, ".")
	} else if _, err := os.Stat(command); err != nil { // go test remembers its time: another file is another test
		return err
	} else if err := os.Symlink(command, filepath.Join(folder, "ckexport")); err != nil {
		return err
	}
	if runtime.GOOS == "linux" {
		packages = append(packages, "./testdata/launcher")
	}
	if len(packages) == 0 {
		return nil
	}
	if out, err := exec.Command("go", append(args, packages...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("building what the tests run: %w\n%s", err, out)
	}
	return nil
}
