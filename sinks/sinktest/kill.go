package sinktest

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

const (
	childOutput = "CKEXPORT_TEST_OUTPUT"
	childTables = "CKEXPORT_TEST_TABLES"
	childRows   = 10
)

// Child is the process that the test of killed runs kills: it commits run
// after run to an output. A package that calls Run has a test TestChild that
// calls it and nothing else; without the parent it does nothing.
func Child(t *testing.T, format sinks.Format) {
	path, ok := os.LookupEnv(childOutput)
	if !ok {
		return
	}
	var tables []*schema.Table
	for name := range strings.SplitSeq(os.Getenv(childTables), ",") {
		table, _ := schema.Lookup(name)
		tables = append(tables, table)
	}
	k := Kind{Format: format}
	for n := range 1000 {
		s := k.open(t, path, options(fmt.Sprintf("child-%d-%d", os.Getpid(), n), tables))
		for _, table := range tables {
			if err := s.Write(t.Context(), table, Batch(t, table, childRows, n)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		fmt.Println("committed")
		closeSink(t, s)
	}
}

// killedAnywhere kills runs at any instant, and checks each time that the
// output is as after a whole number of runs, in all tables alike.
func (k Kind) killedAnywhere(t *testing.T) {
	path, tables := k.path(t), k.few(t)
	var names []string
	for _, table := range tables {
		names = append(names, table.Name)
	}
	runs := 0
	for range 8 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
		cmd.Env = append(os.Environ(), childOutput+"="+path, childTables+"="+strings.Join(names, ","))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		committed := 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if lines.Text() != "committed" {
				t.Errorf("the run to be killed said %q", lines.Text())
			}
			if committed++; committed == 1 {
				time.AfterFunc(time.Duration(rand.IntN(300))*time.Millisecond, func() { _ = cmd.Process.Kill() })
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the run was not killed")
		}
		got := len(k.Read(t, path, tables[0]))
		if got != (runs+committed)*childRows && got != (runs+committed+1)*childRows {
			t.Fatalf("%d rows after %d runs of %d", got, runs+committed, childRows)
		}
		for _, table := range tables[1:] {
			if n := len(k.Read(t, path, table)); n != got {
				t.Errorf("%s has %d rows, %s has %d", tables[0].Name, got, table.Name, n)
			}
		}
		runs = got / childRows
	}
	k.run(t, path, options("last", tables), childRows/2, 0)
	if got := len(k.Read(t, path, tables[0])); got != (runs+1)*childRows {
		t.Errorf("%d rows after %d runs of %d", got, runs+1, childRows)
	}
	only(t, path)
}
