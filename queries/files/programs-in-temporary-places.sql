-- title: Programs in temporary places
-- question: Which programs lie in, run from, or are mapped from /tmp, shared memory or a memfd?
-- audience: responder, security
-- severity: medium
-- attack: T1105 Ingress Tool Transfer
-- attack: T1620 Reflective Code Loading
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: found | file: it lies there; process: it runs; mapping: its code is mapped
-- column: path | path inside the container
-- column: pids | processes that run or map it
-- column: content_kind | of files: elf, script, ...
-- column: mode | of files: permission bits, octal
-- column: sha256 | of files: SHA-256
-- column: mtime | of files: when it was last written
-- column: checkpoint_id | the checkpoint
-- key: found, path, sha256
-- tables: filesystem_entries, processes, memory_mappings, container_mounts, checkpoints
-- description: Java libraries with native code (JNA, Netty, Snappy) unpack it to /tmp; installers and test runners write scripts there.

WITH found AS (
  SELECT checkpoint_id, 'file' AS found, path, NULL::UINTEGER AS pid, content_kind, to_base(mode::BIGINT, 8, 4) AS mode, sha256, mtime FROM filesystem_entries
  WHERE change IS DISTINCT FROM 'deleted' AND type IN ('file', 'hardlink') AND coalesce(size_bytes, 1) > 0
    AND (origin IN ('tmpfs', 'devshm') OR regexp_matches(path, '^/(tmp|var/tmp|dev/shm|run|var/run)/'))
    -- a mode says little, as archives and volumes often set all bits; content does
    AND (content_kind IN ('elf', 'executable') OR content_kind = 'script' AND mode & 73 <> 0)
  UNION ALL
  SELECT checkpoint_id, 'process', exe, pid, NULL, NULL, NULL, NULL FROM processes
  WHERE exe_memfd OR regexp_matches(exe, '^/(tmp|var/tmp|dev/shm|run|var/run)/')
  UNION ALL
  SELECT checkpoint_id, 'mapping', coalesce(path, kind), pid, NULL, NULL, NULL, NULL FROM memory_mappings
  WHERE executable AND (is_exec_memfd OR regexp_matches(path, '^/(tmp|var/tmp|dev/shm|run|var/run)/'))
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, f.found, f.path, list_sort(list(DISTINCT f.pid) FILTER (f.pid IS NOT NULL)) AS pids, f.content_kind, f.mode, f.sha256, f.mtime, f.checkpoint_id
FROM found f
JOIN checkpoints c ON c.checkpoint_id = f.checkpoint_id
-- what the specification mounts at that very place is declared, such as the engine's init
LEFT JOIN container_mounts m ON m.checkpoint_id = f.checkpoint_id AND m.destination = f.path AND m.origin = 'spec'
WHERE m.destination IS NULL
GROUP BY c.pod_namespace, c.pod_name, c.container_name, c.image, f.found, f.path, f.content_kind, f.mode, f.sha256, f.mtime, f.checkpoint_id
ORDER BY c.container_name, f.checkpoint_id, f.found, f.path, f.sha256, f.mtime, f.mode, f.content_kind
