-- title: Programs that are not of the image
-- question: Which processes run a program or script that was written after the container was created?
-- audience: responder, security
-- severity: high
-- attack: T1105 Ingress Tool Transfer
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: cmdline | its command line
-- column: uid | its user, inside the container
-- column: path | the program or script
-- column: origin | where it was written: rootfs_diff (into the container's own files), tmpfs, devshm, volume, or ghost (deleted since)
-- column: is_script | an argument of the process names it, and an interpreter runs it
-- column: content_kind | what it is: elf, script, ...
-- column: sha256 | SHA-256 of it
-- column: mtime | when it was last written
-- column: checkpoint_id | the checkpoint
-- key: comm, path, sha256
-- tables: processes, filesystem_entries, ghost_files, checkpoints
-- description: Images are built whole: what runs in a container should have come with its image. Images that build or update themselves at their start are found too.

WITH written AS (
  SELECT checkpoint_id, path, origin, content_kind, sha256, mtime FROM filesystem_entries
  -- a volume is not written by the container alone: only what it lays over a place of the image counts
  WHERE path IS NOT NULL AND type IN ('file', 'hardlink') AND (origin IN ('tmpfs', 'devshm') OR origin = 'rootfs_diff' AND change = 'written')
), run AS (
  SELECT checkpoint_id, pid, exe AS path, false AS is_script FROM processes WHERE exe IS NOT NULL
  UNION
  -- interpreters have the script as an argument: the first, or behind options
  SELECT checkpoint_id, pid, unnest(argv[2:4]), true FROM processes
), found AS (
  SELECT r.checkpoint_id, r.pid, r.path, r.is_script, w.origin, w.content_kind, w.sha256, w.mtime
  FROM run r JOIN written w ON w.checkpoint_id = r.checkpoint_id AND w.path = r.path
  WHERE NOT r.is_script OR w.content_kind = 'script' OR regexp_matches(r.path, '[.](sh|py|pl|rb|php|js)$')
  UNION ALL
  SELECT checkpoint_id, unnest(exe_pids), paths[1], false, 'ghost', content_kind, sha256, mtime FROM ghost_files
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, f.pid, p.comm, p.cmdline, p.uid, f.path, f.origin, f.is_script, f.content_kind, f.sha256, f.mtime, f.checkpoint_id
FROM found f
JOIN checkpoints c ON c.checkpoint_id = f.checkpoint_id
LEFT JOIN processes p ON p.checkpoint_id = f.checkpoint_id AND p.pid = f.pid
ORDER BY c.container_name, f.checkpoint_id, f.pid, f.path, f.is_script, f.origin, f.sha256, f.mtime, f.content_kind
