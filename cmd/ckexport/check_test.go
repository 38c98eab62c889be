package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"regexp"
	"slices"
	"testing"
)

// TestSARIF holds what check writes against what SARIF 2.1.0 asks of a log (OASIS, sections
// 3.13 version, 3.14 runs, 3.19 driver, 3.27 results, 3.33 logical locations, 3.35 suppressions).
func TestSARIF(t *testing.T) {
	dir := archivesFolder(t)
	write := exec.Command("ckexport", "check", "archives/redis.tar.zst", "--write-baseline", "known.json")
	write.Dir = dir
	var exit *exec.ExitError
	if out, err := write.CombinedOutput(); !errors.As(err, &exit) || exit.ExitCode() != exitNewFindings {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command("ckexport", "check", "archives", "--baseline", "known.json", "--format", "sarif")
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &stderr
	out, err := cmd.Output()
	if !errors.As(err, &exit) || exit.ExitCode() != exitNewFindings {
		t.Fatalf("check: %v, want exit code %d\n%s", err, exitNewFindings, &stderr)
	}
	var log struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct {
						ID                   string
						ShortDescription     struct{ Text string }
						DefaultConfiguration struct{ Level string }
					}
				}
			}
			Invocations []struct{ ExecutionSuccessful *bool }
			Results     []struct {
				RuleID        string
				RuleIndex     int
				Level         string
				BaselineState string
				Message       struct{ Text string }
				Fingerprints  map[string]string
				Locations     []struct {
					LogicalLocations []struct{ Name, FullyQualifiedName, Kind string }
				}
			}
		}
	}
	if err := json.Unmarshal(out, &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name == "" || len(log.Runs[0].Invocations) != 1 || log.Runs[0].Invocations[0].ExecutionSuccessful == nil {
		t.Fatalf("version, tool or invocations are not as they must be: %.300s", out)
	}
	levels := []string{"none", "note", "warning", "error"}
	rules := log.Runs[0].Tool.Driver.Rules
	seen := map[string]bool{}
	for _, r := range rules {
		if r.ID == "" || seen[r.ID] || r.ShortDescription.Text == "" || !slices.Contains(levels, r.DefaultConfiguration.Level) {
			t.Errorf("rule %+v", r)
		}
		seen[r.ID] = true
	}
	hex, states := regexp.MustCompile(`^[0-9a-f]{32}$`), map[string]int{}
	fingerprints := map[string]bool{}
	for _, r := range log.Runs[0].Results {
		states[r.BaselineState]++
		switch {
		case r.RuleIndex >= len(rules) || rules[r.RuleIndex].ID != r.RuleID:
			t.Errorf("%s is not the rule at %d", r.RuleID, r.RuleIndex)
		case !slices.Contains(levels, r.Level) || r.Message.Text == "":
			t.Errorf("level or message of %+v", r)
		case len(r.Locations) != 1 || len(r.Locations[0].LogicalLocations) != 1 || r.Locations[0].LogicalLocations[0].FullyQualifiedName == "":
			t.Errorf("location of %+v", r)
		case !hex.MatchString(r.Fingerprints["ckexport/v1"]) || fingerprints[r.Fingerprints["ckexport/v1"]]:
			t.Errorf("fingerprint of %+v", r)
		}
		fingerprints[r.Fingerprints["ckexport/v1"]] = true
	}
	if states["new"] == 0 || states["unchanged"] == 0 || len(states) != 2 {
		t.Errorf("states %v: want new and unchanged", states)
	}
}
