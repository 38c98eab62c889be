// Package metrics counts what runs of ckexport did, in Prometheus's text
// format: as a file for node_exporter's textfile collector, or over HTTP.
//
// Counters go on from run to run: a file is added to, so that rate and increase
// mean the same of hourly runs and of one process that goes on for months.
//
// client_golang would add a millisecond to the start of each process, those that
// have nothing to count too; the format's own packages add nothing.
package metrics

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/schema"
)

// family is a metric with all its labels.
type family struct {
	name, help string
	kind       dto.MetricType
	labels     []string
}

const (
	counter = dto.MetricType_COUNTER
	gauge   = dto.MetricType_GAUGE
)

// families are all metrics that there are.
var families = []family{
	{"ckexport_build_info", "1, for each version that ran.", gauge, []string{"version", "schema_version"}},
	{"ckexport_runs_total", "Runs that ended, by exit code.", counter, []string{"exit_code"}},
	{"ckexport_run_seconds_total", "Seconds that runs took.", counter, nil},
	{"ckexport_archives_total", "Archives among the inputs of runs, by what became of them.", counter, []string{"status"}},
	{"ckexport_checkpoints_total", "Checkpoints that were added to the output.", counter, nil},
	{"ckexport_rows_total", "Rows that were added to the output.", counter, []string{"table"}},
	{"ckexport_read_bytes_total", "Bytes of archives that were read.", counter, nil},
	{"ckexport_expanded_bytes_total", "Bytes that these expanded to.", counter, nil},
	{"ckexport_problems_total", "What was wrong with archives that were read, as in the table problems.", counter, []string{"severity", "code"}},
	{"ckexport_last_run_exit_code", "Exit code of the last run.", gauge, nil},
	{"ckexport_last_run_seconds", "Seconds that the last run took.", gauge, nil},
	{"ckexport_last_run_timestamp_seconds", "When the last run ended.", gauge, nil},
	{"ckexport_last_success_timestamp_seconds", "When the last run ended that came to the end of its inputs (exit codes 0 and 3); 0 if there was none.", gauge, nil},
	{"ckexport_watch_waiting_archives", "Archives that were seen and are not in the output yet.", gauge, nil},
	{"ckexport_watch_oldest_waiting_timestamp_seconds", "Since when the first of these waits; absent if none does.", gauge, nil},
	{"ckexport_watch_failed_batches", "Batches that have failed since the last one that did not.", gauge, nil},
	{"ckexport_watch_set_aside_archives", "Archives whose reading killed the process again and again; they wait until they change.", gauge, nil},
	{"ckexport_watch_last_scan_timestamp_seconds", "When the folders were last looked through.", gauge, nil},
}

// Names returns the names of all metrics.
func Names() []string {
	var names []string
	for _, f := range families {
		names = append(names, f.name)
	}
	return names
}

// Metrics are the values of all metrics. They may be used by several goroutines.
type Metrics struct {
	mu     sync.Mutex
	values map[string]map[string]float64 // by name of the metric, and values of its labels
}

// New returns the metrics of a program that has done nothing yet. What counts
// archives is there at 0: what begins with its first value has no increase.
func New() *Metrics {
	m := &Metrics{values: map[string]map[string]float64{}}
	m.zeros()
	return m
}

func (m *Metrics) zeros() {
	for _, status := range []schema.Status{schema.StatusOK, schema.StatusPartial, schema.StatusFailed, schema.StatusDuplicate, pipeline.Known} {
		m.add("ckexport_archives_total", 0, string(status))
	}
	for _, name := range []string{
		"ckexport_run_seconds_total", "ckexport_checkpoints_total", "ckexport_read_bytes_total", "ckexport_expanded_bytes_total",
		"ckexport_last_success_timestamp_seconds",
	} {
		m.add(name, 0)
	}
}

// Run is a run that has ended.
type Run struct {
	// Summary is nil where the run failed.
	Summary  *pipeline.Summary
	ExitCode int
	// Finished says that the run came to the end of its inputs, whatever was
	// wrong with some of them.
	Finished bool
	Ended    time.Time
	Took     time.Duration
}

// AddRun counts a run.
func (m *Metrics) AddRun(r Run) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add("ckexport_runs_total", 1, strconv.Itoa(r.ExitCode))
	m.add("ckexport_run_seconds_total", r.Took.Seconds())
	m.set("ckexport_last_run_exit_code", float64(r.ExitCode))
	m.set("ckexport_last_run_seconds", r.Took.Seconds())
	m.set("ckexport_last_run_timestamp_seconds", seconds(r.Ended))
	if r.Finished {
		m.set("ckexport_last_success_timestamp_seconds", seconds(r.Ended))
	}
	s := r.Summary
	if s == nil {
		return
	}
	for status, n := range s.Archives() {
		m.add("ckexport_archives_total", float64(n), string(status))
	}
	m.add("ckexport_checkpoints_total", float64(s.Checkpoints))
	m.add("ckexport_read_bytes_total", float64(s.BytesRead))
	m.add("ckexport_expanded_bytes_total", float64(s.ExpandedBytes))
	for table, n := range s.Rows {
		m.add("ckexport_rows_total", float64(n), table)
	}
	for severity, codes := range s.Problems {
		for code, n := range codes {
			m.add("ckexport_problems_total", float64(n), string(severity), code)
		}
	}
}

// SetBuild says which version runs.
func (m *Metrics) SetBuild(version string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.values["ckexport_build_info"])
	m.set("ckexport_build_info", 1, version, strconv.Itoa(schema.Version))
}

// Watch is the state of a watch.
type Watch struct {
	Waiting, SetAside, FailedBatches int
	// OldestWaiting is zero if none waits.
	OldestWaiting, LastScan time.Time
}

// SetWatch notes the state of a watch.
func (m *Metrics) SetWatch(w Watch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.set("ckexport_watch_waiting_archives", float64(w.Waiting))
	m.set("ckexport_watch_set_aside_archives", float64(w.SetAside))
	m.set("ckexport_watch_failed_batches", float64(w.FailedBatches))
	m.set("ckexport_watch_last_scan_timestamp_seconds", seconds(w.LastScan))
	if w.OldestWaiting.IsZero() {
		delete(m.values, "ckexport_watch_oldest_waiting_timestamp_seconds")
	} else {
		m.set("ckexport_watch_oldest_waiting_timestamp_seconds", seconds(w.OldestWaiting))
	}
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// of returns the values of a metric.
func (m *Metrics) of(name string) map[string]float64 {
	if m.values[name] == nil {
		m.values[name] = map[string]float64{}
	}
	return m.values[name]
}

func (m *Metrics) add(name string, v float64, labels ...string) { m.of(name)[labelKey(labels)] += v }

func (m *Metrics) set(name string, v float64, labels ...string) { m.of(name)[labelKey(labels)] = v }

// labelKey joins the values of labels; labels returns them again.
func labelKey(values []string) string { return strings.Join(values, "\xff") }

func labels(key string) []string { return strings.Split(key, "\xff") }

// gather returns the metrics that have values, in order.
func (m *Metrics) gather() []*dto.MetricFamily {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*dto.MetricFamily
	for _, f := range families {
		if len(m.values[f.name]) == 0 {
			continue
		}
		out := &dto.MetricFamily{Name: &f.name, Help: &f.help, Type: f.kind.Enum()}
		for _, key := range slices.Sorted(maps.Keys(m.values[f.name])) {
			out.Metric = append(out.Metric, f.metric(key, m.values[f.name][key]))
		}
		all = append(all, out)
	}
	return all
}

// metric returns one value of the family.
func (f family) metric(key string, v float64) *dto.Metric {
	out := &dto.Metric{}
	for i, value := range labels(key)[:len(f.labels)] {
		out.Label = append(out.Label, &dto.LabelPair{Name: &f.labels[i], Value: &value})
	}
	if f.kind == counter {
		out.Counter = &dto.Counter{Value: &v}
	} else {
		out.Gauge = &dto.Gauge{Value: &v}
	}
	return out
}
