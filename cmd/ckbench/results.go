package main

import (
	"github.com/ckexport/ckexport/cmd/ckbench/measure"
	"github.com/ckexport/ckexport/cmd/ckbench/workload"
)

// Measurement is what several runs of a program over a workload took.
type Measurement struct {
	Workload string          `json:"workload"`
	Program  string          `json:"program"`
	Runs     []measure.Usage `json:"runs"`
	// Rows and ArchiveBytes are what ckexport says of its run: rows written,
	// and bytes read of the archives. OutputBytes is the size of the output.
	Rows         uint64 `json:"rows,omitempty"`
	ArchiveBytes uint64 `json:"archive_bytes,omitempty"`
	OutputBytes  int64  `json:"output_bytes,omitempty"`
	// Error says why the program did not finish.
	Error string `json:"error,omitempty"`
}

// median returns the median of something over the runs.
func (m *Measurement) median(of func(measure.Usage) float64) float64 {
	values := make([]float64, len(m.Runs))
	for i, u := range m.Runs {
		values[i] = of(u)
	}
	return measure.Median(values)
}

func (m *Measurement) wall() float64 {
	return m.median(func(u measure.Usage) float64 { return u.Wall })
}
func (m *Measurement) cpu() float64 { return m.median(func(u measure.Usage) float64 { return u.CPU }) }
func (m *Measurement) rss() float64 {
	return m.median(func(u measure.Usage) float64 { return float64(u.PeakRSS) })
}
func (m *Measurement) read() float64 {
	return m.median(func(u measure.Usage) float64 { return float64(u.BytesRead) })
}

// Results are all that was measured.
type Results struct {
	Machine      Machine             `json:"machine"`
	Outputs      string              `json:"outputs"` // where they were written
	Quick        bool                `json:"quick"`
	Reps         int                 `json:"reps"`
	Workloads    []WorkloadInfo      `json:"workloads"`
	Measurements []*Measurement      `json:"measurements"`
	Encoding     *measure.Comparison `json:"encoding"`
	Loading      *measure.Comparison `json:"loading"`
	Queries      []QueryMeasurement  `json:"queries"`
	Stages       *measure.Stages     `json:"stages"`
	Sizes        resultSizes         `json:"sizes"`
}

// resultSizes names the workloads that goals compare.
type resultSizes struct {
	Few, Many, Rootfs, Least, Most, LeastZstd, MostZstd string
	Kubernetes                                          []string
	Pages                                               map[string]string // by compression
}

// WorkloadInfo is a workload as the report tells of it.
type WorkloadInfo struct {
	Name     string `json:"name"`
	Doc      string `json:"doc"`
	Archives int    `json:"archives"`
	Bytes    int64  `json:"bytes"` // of the files
}

func (r *Results) find(workload, program string) *Measurement {
	for _, m := range r.Measurements {
		if m.Workload == workload && m.Program == program {
			return m
		}
	}
	return nil
}

// sizesOf names the workloads.
func sizesOf(s workload.Sizes) resultSizes {
	memory := s.Memory()
	names := resultSizes{
		Few: workload.Small(s.Few).Name, Many: workload.Small(s.Many).Name, Rootfs: workload.Rootfs(s.Files).Name, Pages: map[string]string{},
		Least: memory[0].Name, Most: memory[1].Name, LeastZstd: memory[2].Name, MostZstd: memory[3].Name,
	}
	for _, w := range s.Kubernetes() {
		names.Kubernetes = append(names.Kubernetes, w.Name)
	}
	for _, c := range workload.Compressions {
		names.Pages[c] = workload.Pages(s.MiB, c).Name
	}
	return names
}
