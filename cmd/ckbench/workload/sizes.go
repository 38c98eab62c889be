package workload

import "slices"

// Sizes are those of the workloads.
type Sizes struct {
	Few, Many   int    // small archives
	OfEngine    [2]int // archives of one engine of Kubernetes
	MiB         int64
	Processes   int
	Descriptors int
	Mappings    int
	Files       int
	Least, Most int64 // MiB of memory between which peak memory is compared
}

// The sizes of make bench and make bench-quick.
var (
	Full  = Sizes{Few: 240, Many: 24_000, OfEngine: [2]int{84, 240}, MiB: 1 << 10, Processes: 1000, Descriptors: 100_000, Mappings: 60_000, Files: 100_000, Least: 1, Most: 10 << 10}
	Quick = Sizes{Few: 22, Many: 66, OfEngine: [2]int{2, 4}, MiB: 4, Processes: 10, Descriptors: 200, Mappings: 200, Files: 200, Least: 1, Most: 16}
)

// Compressions of the archives with much memory.
var Compressions = []string{"none", "gzip", "zstd"}

// Pages are the archives with much memory, by compression.
func (s Sizes) Pages() (list []Workload) {
	for _, c := range Compressions {
		list = append(list, Pages(s.MiB, c))
	}
	return list
}

// Large are the other single archives.
func (s Sizes) Large() []Workload {
	return []Workload{Processes(s.Processes, s.Descriptors), Mappings(s.Mappings), Rootfs(s.Files)}
}

// Kubernetes are the archives as Kubernetes makes them.
func (s Sizes) Kubernetes() (list []Workload) {
	for _, engine := range []string{"crio", "containerd"} {
		for _, n := range s.OfEngine {
			list = append(list, Kubernetes(engine, n))
		}
	}
	return list
}

// Memory are the workloads between which peak memory is compared.
func (s Sizes) Memory() []Workload {
	return []Workload{
		EasyPages(s.Least, "none"), EasyPages(s.Most, "none"),
		EasyPages(s.Least, "zstd"), EasyPages(s.Most, "zstd"),
	}
}

// All are all workloads.
func (s Sizes) All() []Workload {
	return slices.Concat([]Workload{Small(s.Few), Small(s.Many)}, s.Kubernetes(), s.Pages(), s.Large(), s.Memory())
}
