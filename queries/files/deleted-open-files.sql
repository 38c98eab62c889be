-- title: Deleted but open files
-- question: Which deleted files do processes still use?
-- audience: responder, on-call
-- severity: low
-- attack: T1070.004 File Deletion
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: path | path it had
-- column: roles | what refers to it: fd, mapping, exe, ...
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: fd | descriptor
-- column: access | r, w or rw
-- column: size_bytes | size, in bytes
-- column: sha256 | SHA-256 of the content, where the checkpoint saved it
-- column: checkpoint_id | the checkpoint
-- key: path, comm
-- tables: files, file_descriptors, processes, checkpoints, file_remaps, ghost_files
-- description: By descriptor, as program, or mapped. Shared memory (memfd) has no name on disk at all, and is listed by shared-memory-objects. Databases and log rotation leave such files too.

SELECT c.pod_namespace, c.pod_name, c.container_name, f.path, f.roles, d.pid, p.comm, d.fd, f.access, coalesce(g.size_bytes, f.size_bytes) AS size_bytes, g.sha256, f.checkpoint_id
FROM files f
JOIN checkpoints c USING (checkpoint_id)
LEFT JOIN file_descriptors d ON d.checkpoint_id = f.checkpoint_id AND d.file_id = f.file_id
LEFT JOIN processes p ON p.checkpoint_id = d.checkpoint_id AND p.pid = d.pid
LEFT JOIN file_remaps r ON r.checkpoint_id = f.checkpoint_id AND r.file_id = f.file_id
LEFT JOIN ghost_files g ON g.checkpoint_id = r.checkpoint_id AND g.ghost_id = r.ghost_id
WHERE f.deleted AND f.type <> 'MEMFD'
ORDER BY c.container_name, f.checkpoint_id, f.path, d.pid, d.fd, f.file_id
