-- title: Platforms
-- question: Which engines, runtimes, kernels and versions of CRIU made the checkpoints?
-- audience: platform, on-call
-- column: engine | container engine
-- column: engine_version | its version, where the checkpoint tells
-- column: runtime | low-level runtime
-- column: runtime_version | its version, where the checkpoint tells
-- column: criu_version | version of CRIU, where the checkpoint tells
-- column: kernel_release | kernel of the host, where the checkpoint tells
-- column: arch | processor architecture
-- column: page_size | page size, in bytes
-- column: cgroup_version | version of control groups on the host
-- column: lsm_type | security module of the host
-- column: img_version | version of the image format: 1 is 1.0, 2 is 1.1
-- column: hosts | different hosts, as far as they are known
-- column: checkpoints | checkpoints
-- tables: checkpoints

SELECT engine, engine_version, runtime, runtime_version,
       -- engines write 40200 for 4.2: the version in decimal, two digits for each part but the first
       CASE WHEN regexp_full_match(criu_version, '[0-9]{5,6}') THEN (criu_version::BIGINT // 10000) || '.' || (criu_version::BIGINT // 100 % 100) ELSE criu_version END AS criu_version,
       kernel_release, arch, page_size, cgroup_version, lsm_type, img_version, count(DISTINCT host_nodename) AS hosts, count(*) AS checkpoints
FROM checkpoints
GROUP BY ALL
ORDER BY checkpoints DESC, engine, engine_version, runtime, runtime_version, criu_version, kernel_release, arch, page_size, cgroup_version, lsm_type, img_version
