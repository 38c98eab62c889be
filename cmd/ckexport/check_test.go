package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSARIF holds what check writes against what SARIF 2.1.0 asks of a log (OASIS, sections
// 3.13 version, 3.14 runs, 3.19 driver, 3.27 results, 3.29 physical and 3.33 logical locations, 3.4.4 base of relative URIs, 3.35 suppressions).
func TestSARIF(t *testing.T) {
	dir := archivesFolder(t)
	outside := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "archives", "odd: 100%#?.tar.gz"), filepath.Join(outside, "ö b.tar.gz")} {
		data, err := os.ReadFile("../../testdata/archives/volumes.tar.gz")
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Dir(path) == outside { // a checkpoint of its own
			if data, err = os.ReadFile("../../testdata/archives/shell-tree.tar.gz"); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write := exec.Command("ckexport", "check", "archives/redis.tar.zst", "--write-baseline", "known.json")
	write.Dir = dir
	var exit *exec.ExitError
	if out, err := write.CombinedOutput(); !errors.As(err, &exit) || exit.ExitCode() != exitNewFindings {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command("ckexport", "check", "-", "--baseline", "known.json", "--format", "sarif")
	cmd.Stdin = strings.NewReader(outside + "\narchives\n")
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
			OriginalURIBaseIDs map[string]struct{ URI string }
			Invocations        []struct{ ExecutionSuccessful *bool }
			Results            []struct {
				RuleID        string
				RuleIndex     int
				Level         string
				BaselineState string
				Message       struct{ Text string }
				Fingerprints  map[string]string
				Locations     []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI, URIBaseID string }
					}
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
	fingerprints, places := map[string]bool{}, map[string]bool{}
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
		at := r.Locations[0].PhysicalLocation.ArtifactLocation
		uri, err := url.Parse(log.Runs[0].OriginalURIBaseIDs[at.URIBaseID].URI + at.URI)
		if err != nil || uri.Scheme != "file" || strings.ContainsAny(at.URI, " #?") || (at.URIBaseID == "") == strings.HasPrefix(uri.Path, dir) {
			t.Errorf("place %+v: %v", at, err)
		} else if _, err := os.Stat(filepath.FromSlash(uri.Path)); err != nil {
			t.Error(err)
		}
		places[filepath.Base(uri.Path)] = true
	}
	// Findings that are of no archive lie in the current folder, as a list lies nowhere.
	if !places["odd: 100%#?.tar.gz"] || !places["ö b.tar.gz"] || !places["."] {
		t.Errorf("findings are at %v", places)
	}
	if states["new"] == 0 || states["unchanged"] == 0 || len(states) != 2 {
		t.Errorf("states %v: want new and unchanged", states)
	}
}
