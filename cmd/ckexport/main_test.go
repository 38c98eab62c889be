package main

import (
	"maps"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary stand in for the command: scripts run the real
// thing, in a process of its own.
func TestMain(m *testing.M) {
	commands := map[string]func(){"ckexport": main}
	maps.Copy(commands, sandboxCommands)
	testscript.Main(m, commands)
}
