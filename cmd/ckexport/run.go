package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"os/user"
	"runtime"
	"strings"
	"time"

	"github.com/ckexport/ckexport/schema"
)

// thisRun tells who runs the command, where and how.
func thisRun(now time.Time, labels map[string]string) (*schema.Run, error) {
	id, err := newRunID(now)
	if err != nil {
		return nil, err
	}
	v, c := versionOf()
	run := &schema.Run{
		RunID: id, StartedAt: now.UTC(), UID: int64(os.Geteuid()), ToolVersion: v, GoVersion: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH, SchemaVersion: schema.Version, Labels: labels,
	}
	for _, arg := range os.Args {
		run.CommandLine = append(run.CommandLine, strings.ToValidUTF8(arg, "\uFFFD")) // columns hold UTF-8
	}
	if c != "" {
		run.ToolCommit = &c
	}
	if u, err := user.Current(); err == nil {
		run.UserName = &u.Username
	}
	if host, err := os.Hostname(); err == nil {
		run.Hostname = &host
	}
	if folder, err := os.Getwd(); err == nil {
		run.WorkingFolder = &folder
	}
	return run, nil
}

// newRunID names a run: its start, and enough chance to tell apart runs of the
// same second.
func newRunID(now time.Time) (string, error) {
	var chance [4]byte
	if _, err := rand.Read(chance[:]); err != nil {
		return "", fmt.Errorf("naming the run: %w", err)
	}
	return now.UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(chance[:]), nil
}
