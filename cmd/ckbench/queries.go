package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/ckexport/ckexport/cmd/ckbench/measure"
	"github.com/ckexport/ckexport/cmd/ckbench/workload"
)

// QueryMeasurement is what a query took over an output.
type QueryMeasurement struct {
	Query   string  `json:"query"`
	SQL     string  `json:"sql"`
	Output  string  `json:"output"` // Parquet or DuckDB
	Rows    int     `json:"rows"`
	Seconds float64 `json:"seconds"` // median
	Bytes   int64   `json:"bytes"`
	Open    float64 `json:"open_seconds"`
}

// questions are what is asked of the large fleet. What stands in braces is
// taken from the fleet itself, so that it is there.
var questions = []struct{ name, sql string }{
	{"look-up by checkpoint_id", "SELECT pid, start_address, perms, path FROM memory_mappings WHERE checkpoint_id = '{id}'"},
	{"look-up by path", "SELECT checkpoint_id, size_bytes, sha256 FROM filesystem_entries WHERE path = '{path}'"},
	{"look-up by remote address", "SELECT checkpoint_id, local_port, remote_port, pids FROM sockets WHERE remote_address = '{address}'"},
	{"look-up by environment name", "SELECT checkpoint_id, pid, value FROM environment WHERE name = '" + workload.RareVariable + "'"},
	{"GROUP BY over the fleet", "SELECT kind, perms, count(*), sum(size_bytes), sum(pages_present) FROM memory_mappings GROUP BY ALL ORDER BY ALL"},
	{"diff of two checkpoints", "SELECT path, sha256 FROM filesystem_entries WHERE checkpoint_id = '{id}' EXCEPT SELECT path, sha256 FROM filesystem_entries WHERE checkpoint_id = '{other}'"},
}

// known are queries for what the questions need.
var known = map[string]string{
	"{id}":      "SELECT checkpoint_id FROM checkpoints ORDER BY checkpoint_id LIMIT 1 OFFSET (SELECT count(*) // 2 FROM checkpoints)",
	"{other}":   "SELECT checkpoint_id FROM checkpoints ORDER BY checkpoint_id LIMIT 1 OFFSET (SELECT count(*) // 3 FROM checkpoints)",
	"{path}":    "SELECT max(path) FROM filesystem_entries WHERE path LIKE '/var/lib/app/%'",
	"{address}": "SELECT max(remote_address) FROM sockets WHERE remote_address LIKE '10.%'",
}

// askAll asks all questions of the outputs, each in a process of its own.
func (s *suite) askAll(ctx context.Context, outputs map[string]string) error {
	for _, q := range questions {
		sql := q.sql
		for key, text := range known {
			if !strings.Contains(sql, key) {
				continue
			}
			r, err := s.queryOnce(ctx, outputs[toDuckDB], text)
			if err != nil {
				return err
			}
			if len(r.First) != 1 {
				return fmt.Errorf("no answer to %q", text)
			}
			sql = strings.ReplaceAll(sql, key, r.First[0])
		}
		s.say("query: %s", q.name)
		for _, kind := range []string{toParquet, toDuckDB} {
			m := QueryMeasurement{Query: q.name, SQL: sql, Output: kind}
			var seconds, open []float64
			for range s.reps {
				r, err := s.queryOnce(ctx, outputs[kind], sql)
				if err != nil {
					return err
				}
				m.Rows, m.Bytes = r.Rows, r.Bytes
				seconds, open = append(seconds, r.Seconds), append(open, r.OpenSeconds)
			}
			m.Seconds, m.Open = measure.Median(seconds), measure.Median(open)
			s.results.Queries = append(s.results.Queries, m)
		}
	}
	return nil
}

func (s *suite) queryOnce(ctx context.Context, output, sql string) (*measure.Query, error) {
	r := &measure.Query{}
	return r, s.ask(ctx, r, "query", output, sql)
}
