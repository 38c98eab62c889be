package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the command as users do: see testdata/script. Each script
// finds real archives in archives/.
func TestScripts(t *testing.T) {
	archives, err := filepath.Glob("../../testdata/archives/*.tar*")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			dir := filepath.Join(env.WorkDir, "archives")
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			for _, path := range archives {
				data, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), data, 0o644); err != nil {
					return err
				}
			}
			return nil
		},
		RequireExplicitExec: true,
	})
}
