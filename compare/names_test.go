package compare_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ckexport/ckexport/compare"
)

// fleet is three checkpoints of one container, two of another that is called
// the same, one that is known by its id only, and an archive that is called as
// others begin.
func fleet(t *testing.T) []compare.Checkpoint {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	at := func(clock string) time.Time {
		taken, err := time.Parse(time.RFC3339Nano, "2026-11-23T"+clock)
		if err != nil {
			t.Fatal(err)
		}
		return taken
	}
	return []compare.Checkpoint{
		{ID: "aaaaaa11000000000000000000000000", ContainerID: "c0ffee01", ContainerName: "web", TakenAt: at("14:50:52.748416Z"), Seq: 1, Archives: []string{"web-1.tar", "copy.tar.gz"}, Sources: []string{filepath.Join(folder, "in/web-1.tar"), "/in/copy.tar.gz"}},
		{ID: "aaaaaa22000000000000000000000000", ContainerID: "c0ffee01", ContainerName: "web", TakenAt: at("14:51:00Z"), Seq: 2, Archives: []string{"web-2.tar.zst"}},
		{ID: "bbbbbb33000000000000000000000000", ContainerID: "c0ffee01", ContainerName: "web", TakenAt: at("15:00:00Z"), Seq: 3, Last: true, Archives: []string{"web-3.tgz"}},
		{ID: "cccccc44000000000000000000000000", ContainerID: "deadbeef", PodNamespace: "shop", PodName: "web-0", ContainerName: "web", TakenAt: at("16:00:00Z"), Seq: 1, Archives: []string{"pod.tar"}},
		{ID: "cccccc55000000000000000000000000", ContainerID: "deadbeef", PodNamespace: "shop", PodName: "web-0", ContainerName: "web", TakenAt: at("16:00:01Z"), Seq: 2, Last: true, Archives: []string{"pod.tar"}},
		{ID: "dddddd66000000000000000000000000", Seq: 1, Last: true},
		{ID: "eeeeee77000000000000000000000000", ContainerName: "user@host", ContainerID: "abcdef77", TakenAt: at("17:00:00Z"), Seq: 1, Last: true, Archives: []string{"bbbbbb33.tar", "x.tar.tar"}},
		{ID: "eeeeee88000000000000000000000000", ContainerName: "other", ContainerID: "abcdef88", Seq: 1, Last: true, Archives: []string{"x.tar"}},
	}
}

func TestFind(t *testing.T) {
	all := fleet(t)
	for name, want := range map[string]string{
		"aaaaaa11000000000000000000000000": "aaaaaa11", // an id
		"aaaaaa1":                          "aaaaaa11",
		"dddddd":                           "dddddd66",
		"web-1.tar":                        "aaaaaa11", // an archive
		"web-1":                            "aaaaaa11",
		"web-2":                            "aaaaaa22",
		"web-3":                            "bbbbbb33",
		"copy":                             "aaaaaa11",
		"in/web-1.tar":                     "aaaaaa11",
		"x.tar":                            "eeeeee88", // exactly, and not x.tar.tar without its ending
		"c0ffee01@first":                   "aaaaaa11", // a container
		"c0ffee01@2":                       "aaaaaa22",
		"c0ffee@last":                      "bbbbbb33",
		"deadbeef@last":                    "cccccc55",
		"web@3":                            "bbbbbb33",
		"user@host@first":                  "eeeeee77",
		"shop/web-0/web@first":             "cccccc44", // with its pod
		"web-0/web@2":                      "cccccc55",
		"other":                            "eeeeee88", // its only one
		"user@host":                        "eeeeee77",
		"web@2026-11-23T14:50":             "aaaaaa11", // at a time
		"web@2026-11-23T14:50:52Z":         "aaaaaa11",
		"web@2026-11-23T14:50:52.748416Z":  "aaaaaa11",
		"web@2026-11-23T15:50:52+01:00":    "aaaaaa11",
		"web@2026-11-23 15":                "bbbbbb33",
		"web@2026-11-23T16:00:01":          "cccccc55",
	} {
		got, err := compare.Find(all, name)
		if err != nil || !strings.HasPrefix(got.ID, want) {
			t.Errorf("%s: %s, %v; want %s", name, got.ID, err, want)
		}
	}
}

func TestFindRefuses(t *testing.T) {
	all := fleet(t)
	for name, want := range map[string]struct {
		reason     string
		candidates int
	}{
		"aaaaaa":                       {"means 2 checkpoints", 2},
		"aaaaa":                        {"means no checkpoint", 0}, // too short to be an id
		"bbbbbb33":                     {"means 2 checkpoints", 2}, // the beginning of an id, and an archive
		"pod":                          {"means 2 checkpoints", 2},
		"pod.tar":                      {"means 2 checkpoints", 2},
		"web@first":                    {"means 2 checkpoints", 2}, // two containers
		"web@2026-11-23":               {"means 5 checkpoints", 5},
		"web":                          {"names a container", 5},
		"shop/web-0/web":               {"names a container", 2},
		"b-0/web@last":                 {"means no checkpoint", 2}, // no name of a pod
		"web@4":                        {"means no checkpoint of that container", 5},
		"web@2026":                     {"means no checkpoint of that container", 5}, // a number
		"web@99999999999999999999":     {"means no checkpoint of that container", 5},
		"web@yesterday":                {"means no checkpoint of that container", 5},
		"web@":                         {"means no checkpoint of that container", 5},
		"@last":                        {"means no checkpoint", 0},
		"we":                           {"means no checkpoint", 5}, // names that contain it
		"":                             {"means no checkpoint", 0},
		"'; DROP TABLE checkpoints --": {"means no checkpoint", 0},
		"%":                            {"means no checkpoint", 0},
		"AAAAAA11":                     {"means no checkpoint", 0},
	} {
		got, err := compare.Find(all, name)
		var e *compare.NameError
		if !errors.As(err, &e) {
			t.Errorf("%q: %+v, %v", name, got, err)
			continue
		}
		if !strings.HasPrefix(e.Reason, want.reason) || len(e.Candidates) != want.candidates {
			t.Errorf("%q: %s, %d candidates; want %s, %d", name, e.Reason, len(e.Candidates), want.reason, want.candidates)
		}
	}
}

// TestName: what a message calls a checkpoint finds it again.
func TestName(t *testing.T) {
	for _, c := range fleet(t) {
		if c.ContainerName == "web" {
			c.ContainerName = "" // two containers have that name
		}
		if got, err := compare.Find(fleet(t), c.Name()); err != nil || got.ID != c.ID {
			t.Errorf("%s is called %s, which finds %s, %v", c.ID, c.Name(), got.ID, err)
		}
	}
}
