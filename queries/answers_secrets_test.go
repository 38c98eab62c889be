//go:build !noduckdb

package queries_test

var secretAnswers = map[string][]answer{
	"secret-environment": {{columns: "container_name, pid, name, value_length", where: "container_name NOT LIKE 'flt%'", rows: []string{
		"f-odd-env-argv 1 AWS_SECRET_ACCESS_KEY 40", "f-sleep-secret 1 AWS_SECRET_ACCESS_KEY 13", "f-sleep-secret 1 DB_PASSWORD 11", "httpd 1 DB_PASSWORD 14",
	}}},
	"secrets-in-memory": {{columns: "container_name, pid, class, mapping_kind, value, is_checked, count", where: "container_name IN ('f-sleep-secret', 'f-memfd', 'f-python-tcp-established', 'f-memhash-shm')", rows: []string{
		"f-memfd NULL secret memfd MEMFD-SECRET-CONTENT NULL 1", "f-memhash-shm 1 secret stack message-two-SECRET NULL 1", "f-memhash-shm 7 secret stack message-two-SECRET NULL 1",
		"f-memhash-shm NULL secret sysv SYSV-SHM-SECRET NULL 1", "f-python-tcp-established 1 secret anon PY-HEAP-SECRET- NULL 2", "f-python-tcp-established 1 secret anon PY-HEAP-SECRET-zzzzzzzzzz NULL 1",
		"f-sleep-secret 1 secret stack AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI NULL 1", "f-sleep-secret 1 secret stack DB_PASSWORD=s3cr3t-pa55 NULL 1",
	}}},
	"shared-secrets": {{doctored: true, columns: "names"}},
	"environment-drift": {{columns: "container_name, comm, change, name", rows: []string{
		"f-redis redis-cli missing HOSTNAME", "f-redis sh missing HOSTNAME", "f-redis sleep missing HOSTNAME", // the shell does not pass it on: see the truth's environ
	}}},
	"preload-environment":  {{doctored: true, columns: "container_name"}},
	"key-files":            {{columns: "container_name, found, path, mode", rows: []string{"c file /root/.ssh/authorized_keys 0600", "f-rootfs-changes file /root/.ssh/authorized_keys 0600"}}},
	"secrets-in-arguments": {{columns: "container_name, pid, option, value_length", rows: []string{"f-odd-env-argv 1 --password 7"}}},
}
