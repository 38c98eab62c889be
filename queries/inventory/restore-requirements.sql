-- title: Restore requirements
-- question: What must another host have, for a checkpoint to be restored there?
-- audience: platform, on-call
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: dump_kind | incremental: a parent checkpoint is needed; predump: there are no processes to restore; lazy: pages are still on the old host
-- column: arch | processor architecture
-- column: page_size | page size of the host, in bytes
-- column: kernel_release | kernel of the old host, where the checkpoint tells
-- column: cpu_features | processor features that CRIU noted; NULL where it was not asked to
-- column: gpus | GPUs that processes used
-- column: host_paths | paths of the host that are mounted and must be there
-- column: tcp_connections | connections that are open: restored with --tcp-established, from the same address
-- column: external_sockets | unix sockets whose other end is outside
-- column: external_files | open files that are provided from outside
-- column: file_locks | file locks held: restored with --file-locks
-- column: parent_link | where the parent checkpoint is
-- column: portable | nothing of this but architecture and page size is asked for
-- column: archive_name | file name of the archive
-- column: checkpoint_id | the checkpoint
-- tables: checkpoints, cpu_info, gpu_devices, container_mounts, sockets, file_locks, files
-- description: cpu_features is NULL for most checkpoints: engines do not ask CRIU to note them.

WITH cpus AS (
  SELECT checkpoint_id, list_sort(list(DISTINCT feature)) AS features FROM (SELECT checkpoint_id, unnest(features) AS feature FROM cpu_info) GROUP BY checkpoint_id
), gpus AS (
  SELECT checkpoint_id, count(DISTINCT gpu_id) AS n FROM gpu_devices WHERE gpu_id > 0 GROUP BY checkpoint_id
), paths AS (
  -- what engines make anew for each container is no requirement
  SELECT checkpoint_id, list_sort(list(DISTINCT source)) AS list FROM container_mounts
  WHERE origin = 'spec' AND is_bind AND destination NOT LIKE '/sys/fs/cgroup%'
    AND destination NOT IN ('/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/dev/shm', '/run/.containerenv', '/dev/termination-log', '/run/secrets')
  GROUP BY checkpoint_id
), connections_open AS (
  SELECT checkpoint_id, count(*) FILTER (protocol = 'tcp' AND remote_port > 0 AND state <> 'LISTEN') AS tcp, count(*) FILTER (list_contains(unix_flags_names, 'EXTERN')) AS outside
  FROM sockets GROUP BY checkpoint_id
), locks AS (
  SELECT checkpoint_id, count(*) AS n FROM file_locks GROUP BY checkpoint_id
), outside AS (
  SELECT checkpoint_id, count(*) AS n FROM files WHERE external GROUP BY checkpoint_id
)
SELECT c.container_name, c.image, c.dump_kind, c.arch, c.page_size, c.kernel_release, cpus.features AS cpu_features, coalesce(gpus.n, 0) AS gpus, paths.list AS host_paths,
       coalesce(o.tcp, 0) AS tcp_connections, coalesce(o.outside, 0) AS external_sockets, coalesce(f.n, 0) AS external_files, coalesce(l.n, 0) AS file_locks, c.parent_link,
       c.dump_kind = 'full' AND gpus.n IS NULL AND paths.list IS NULL AND coalesce(o.tcp, 0) + coalesce(o.outside, 0) + coalesce(f.n, 0) + coalesce(l.n, 0) = 0 AS portable,
       c.archive_name, c.checkpoint_id
FROM checkpoints c
LEFT JOIN cpus ON cpus.checkpoint_id = c.checkpoint_id
LEFT JOIN gpus ON gpus.checkpoint_id = c.checkpoint_id
LEFT JOIN paths ON paths.checkpoint_id = c.checkpoint_id
LEFT JOIN connections_open o ON o.checkpoint_id = c.checkpoint_id
LEFT JOIN locks l ON l.checkpoint_id = c.checkpoint_id
LEFT JOIN outside f ON f.checkpoint_id = c.checkpoint_id
ORDER BY portable, c.container_name, c.checkpoint_id
