//go:build !noduckdb

package queries_test

var inventoryAnswers = map[string][]answer{
	"fleet": {
		{everywhere: true, columns: "count(*), count(DISTINCT container_id)", rows: []string{"43 39"}},
		{columns: "container_name, checkpoint_seq, archive_name", where: "container_name = 'life'", rows: []string{
			"life 1 life-1.tar", "life 2 life-2.tar.gz", "life 3 life-3.tar.zst",
		}},
	},
	"fleet-overview": {{everywhere: true, columns: "engine, image, checkpoints, containers, not_ok, processes", rows: []string{
		"containerd docker.io/fleet/bb:3 1 1 0 1", "cri-o docker.io/fleet/bb:3 4 4 0 4", "podman docker.io/fleet/bb:3 35 31 0 70", "podman docker.io/fleet/deb:2 3 3 0 10",
	}}},
	"images": {{everywhere: true, columns: "image, versions, engines, namespaces, containers, checkpoints", rows: []string{
		"docker.io/fleet/bb:3 1 [containerd cri-o podman] [prod shop] 36 40", "docker.io/fleet/deb:2 1 [podman] NULL 3 3",
	}}},
	"platforms": {{everywhere: true, columns: "engine, criu_version, arch, page_size, lsm_type, checkpoints", rows: []string{
		"containerd 4.2 x86_64 4096 none 1", "cri-o 4.2 x86_64 4096 none 4", "podman NULL NULL 4096 NULL 1", "podman NULL x86_64 4096 none 37",
	}}},
	"restore-requirements": {{everywhere: true, columns: "container_name, dump_kind, len(host_paths), tcp_connections, file_locks, parent_link", where: "NOT portable", rows: []string{
		"app full 1 0 0 NULL", "f-file-locks full NULL 0 5 NULL", "f-init-flag full 1 0 0 NULL", "f-nginx full 1 0 0 NULL", "f-python-tcp-established full 1 6 0 NULL",
		"f-redis full NULL 2 0 NULL", "f-tcp-established full NULL 4 0 NULL", "f-volumes full 2 0 0 NULL", "httpd full 2 0 0 NULL", "nginx full 1 0 0 NULL",
		"pc-sleep incremental NULL 0 0 ../pre-checkpoint", "pc-sleep predump NULL 0 0 NULL",
	}}},
	"checkpoint-sizes": {{everywhere: true, params: map[string]string{"at_least_mib": "4.5"}, columns: "container_name, memory_mib, rootfs_diff_mib", rows: []string{
		"f-nginx 5.55 0", "f-python-tcp-established 4.49 0", "f-redis 5.16 0",
	}}},
	"dump-cost": {
		{everywhere: true, columns: "count(*)", rows: []string{"43"}},
		{columns: "container_name, process_count, thread_count, pages_written, written_mib", where: "container_name IN ('f-nginx', 'f-redis')", rows: []string{
			"f-nginx 5 5 1421 5.6", "f-redis 4 8 1321 5.2",
		}},
		{params: map[string]string{"at_least_ms": "1e6"}, columns: "count(*)", rows: []string{"0"}},
	},
	"dump-phases": {
		{everywhere: true, columns: "phase, times, line_count, error_count", where: "container_name = 'c' AND phase IN ('start', 'Dumping processes', 'Dumping task', 'Writing stats')",
			rows: []string{"start 1 66 0", "Dumping processes 1 83 1", "Dumping task 1 373 0", "Writing stats 1 2 0"}},
		{params: map[string]string{"log": "restore.log"}, columns: "count(*)", rows: []string{"0"}},
	},
	"retention-candidates": {
		{columns: "container_name, newer, archive_name", rows: []string{"life 2 life-1.tar"}},
		{params: map[string]string{"keep_last": "1"}, columns: "container_name, newer, archive_name", rows: []string{
			"flt-000-sleep 1 flt-000-sleep-r0.tar.zst", "life 1 life-2.tar.gz", "life 2 life-1.tar", "pc-sleep 1 sleep-final.tar.zst",
		}},
		{params: map[string]string{"keep_last": "1", "older_than_days": "30"}, columns: "count(*)", rows: []string{"0"}},
	},
	"unreadable-archives": {{doctored: true, columns: "archive_name"}},
}
