-- title: Shared memory
-- question: Which memory do processes share, and who?
-- audience: responder, on-call
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: kind | memfd, shared_anon, sysv
-- column: name | name of a memfd
-- column: shmem_id | inode, or id of a SysV segment
-- column: size_bytes | size, in bytes
-- column: pages_present | pages with content
-- column: seals | what is forbidden for a memfd
-- column: sysv_key | key of a SysV segment; 0 is private
-- column: is_exec_mapped | some process maps it executable
-- column: pids | processes that map it
-- column: names | their names
-- column: checkpoint_id | the checkpoint
-- tables: shared_memory, processes, checkpoints
-- description: A memfd that nobody maps is held by a descriptor alone.

WITH mapped AS (
  SELECT o.checkpoint_id, o.kind, o.shmem_id, list_sort(list(DISTINCT p.comm)) AS names
  FROM (SELECT checkpoint_id, kind, shmem_id, unnest(pids) AS pid FROM shared_memory) o
  JOIN processes p ON p.checkpoint_id = o.checkpoint_id AND p.pid = o.pid
  GROUP BY o.checkpoint_id, o.kind, o.shmem_id
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, s.kind, s.name, s.shmem_id, s.size_bytes, s.pages_present, s.seals_names AS seals, s.sysv_key, s.is_exec_mapped, s.pids, n.names, s.checkpoint_id
FROM shared_memory s
JOIN checkpoints c ON c.checkpoint_id = s.checkpoint_id
LEFT JOIN mapped n ON n.checkpoint_id = s.checkpoint_id AND n.kind = s.kind AND n.shmem_id = s.shmem_id
ORDER BY c.container_name, s.checkpoint_id, s.kind, s.shmem_id
