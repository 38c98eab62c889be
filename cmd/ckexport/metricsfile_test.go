package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/sinks"
)

// TestMetricsThatFail has the folder of the metrics taken away while a run is at
// work: the error then says whether the output has the run's rows.
func TestMetricsThatFail(t *testing.T) {
	for _, output := range []string{"fleet.parquet", ""} {
		folder := filepath.Join(t.TempDir(), "metrics")
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		m, err := openRunMetrics(filepath.Join(folder, "ckexport.prom"), streams{})
		if err != nil {
			t.Fatal(err)
		}
		m.committed(&pipeline.Summary{}, output)
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		err = m.ended(nil)
		if exitCode(err) != exitFailed {
			t.Errorf("exit code %d of %v", exitCode(err), err)
		}
		var committed *sinks.CommittedError
		if errors.As(err, &committed) != (output != "") || committed != nil && committed.Path != output {
			t.Errorf("output %q: %v", output, err)
		}
	}
}
