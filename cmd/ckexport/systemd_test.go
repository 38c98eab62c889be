package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const systemdUnits = "../../deploy/systemd"

// TestUnits checks that systemd takes the units, that ckexport takes what they
// say, and that the services can do little: their exposure is below 2 of 10.
func TestUnits(t *testing.T) {
	services, err := filepath.Glob(systemdUnits + "/*.service")
	if err != nil || len(services) == 0 {
		t.Fatal("no services: ", err)
	}
	command := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/ckexport (.*)$`)
	for _, path := range services {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found := command.FindSubmatch(data)
		if found == nil {
			t.Fatalf("%s does not start ckexport", path)
		}
		args := strings.Fields(string(found[1]))
		switch args[0] {
		case "%i":
			for _, name := range []string{"compact", "forget", "verify"} {
				checkArgs(t, path, append([]string{name}, args[1:]...), nil)
			}
		case "watch":
			checkArgs(t, path, args, nil)
		default:
			checkArgs(t, path, append([]string{"export"}, args...), nil)
		}
		out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=20", path).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v:\n%s", path, err, out)
		}
	}
	timers, err := filepath.Glob(systemdUnits + "/*.timer")
	if err != nil || len(timers) == 0 {
		t.Fatal("no timers: ", err)
	}
	for _, path := range timers {
		out, err := exec.Command("systemd-analyze", "verify", "--man=no", path).CombinedOutput()
		if err != nil && !strings.Contains(string(out), "/usr/local/bin/ckexport is not executable") { // it is not installed here
			t.Errorf("%s: %v:\n%s", path, err, out)
		}
	}
}
