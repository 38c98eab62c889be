//go:build !noduckdb

package queries_test

var memoryAnswers = map[string][]answer{
	"rwx-mappings": {{columns: "container_name, pid, perms, kind", rows: []string{"f-everything 14 rwxp anon", "f-p5-everything 14 rwxp anon"}}},
	"code-without-file": {
		{columns: "container_name, pid, comm, kind, jit", rows: []string{"f-everything 14 rwx anon NULL", "f-p5-everything 14 rwx anon NULL"}},
		{params: map[string]string{"include_jit": "true"}, columns: "count(*)", rows: []string{"2"}}, // no runtime among them, see TestDoctored
	},
	"elf-images-in-memory":       {{doctored: true, columns: "container_name"}},
	"images-of-deleted-files":    {{doctored: true, columns: "container_name"}},
	"pages-in-several-workloads": {{doctored: true, columns: "sha256"}},
	"code-unlike-replicas":       {{doctored: true, columns: "container_name"}},
	"rule-matches":               {{doctored: true, columns: "rule"}},
	"high-entropy-memory":        {{doctored: true, columns: "container_name"}},
	"modified-code":              {{doctored: true, columns: "container_name"}},
	"what-threads-do":            {{everywhere: true, columns: "comm, threads, syscall, stack", where: "comm = 'pipes'", rows: []string{"pipes 2 pause feat+0x408fe < ?feat+0x1e32 < ?feat+0x2651"}}},
	"memory-by-kind": {{everywhere: true, columns: "kind, mappings, virtual_mib", where: "container_name = 'f-redis' AND kind IN ('anon', 'file', 'heap', 'stack')", rows: []string{
		"anon 41 52.84", "file 210 35.93", "heap 2 0.26", "stack 4 0.52",
	}}},
	"memory-against-limits": {{everywhere: true, columns: "container_name, limit_mib", where: "limit_mib IS NOT NULL", rows: []string{"app 128", "f-limits-labels 64", "httpd 64"}}},
	"shared-memory-objects": {{everywhere: true, columns: "container_name, kind, name, size_bytes, seals, pids", where: "container_name IN ('f-memfd', 'f-memhash-shm') AND kind <> 'shared_anon'", rows: []string{
		`f-memfd memfd odd name\x0a\xff 1 [F_SEAL_SEAL] []`, "f-memfd memfd sealed 22 [F_SEAL_SHRINK F_SEAL_GROW F_SEAL_WRITE] []", "f-memfd memfd secret-memfd 16384 [] [1]",
		"f-memhash-shm sysv NULL 4096 NULL []", "f-memhash-shm sysv NULL 65536 NULL [1 7]",
	}}},
}
