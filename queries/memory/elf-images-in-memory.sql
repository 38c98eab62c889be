-- title: ELF images in anonymous memory
-- question: Which processes hold a program or library in memory that no file stands behind?
-- audience: responder, security
-- severity: high
-- attack: T1620 Reflective Code Loading
-- attack: T1055 Process Injection
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pids | the processes, as the container sees them: of a shared object, those that map it
-- column: comms | their names
-- column: mapping_kind | anon, heap, stack, memfd, shared_anon, sysv, ...
-- column: path | name of the memfd
-- column: address | where the image begins, in hexadecimal; in a shared object, the offset
-- column: perms | as in /proc/PID/maps; NULL in a shared object
-- column: evidence | header, or program_headers where the header was overwritten
-- column: type | EXEC, DYN, REL or CORE
-- column: machine | processor it is made for
-- column: build_id | its build id
-- column: needed | libraries it needs
-- column: size_bytes | its size, in bytes
-- column: checkpoint_id | the checkpoint
-- memory: headers
-- key: comms, mapping_kind, path, type, machine, build_id, needed
-- tables: memory_elf_headers, memory_mappings, processes, checkpoints
-- description: Programs in memfds count: runc before 1.2 runs itself from one, but is no part of a checkpoint. Linkers, debuggers and tools that read ELF files as a whole have them in memory too.

WITH holders AS (
  SELECT checkpoint_id, shmem_id, pid FROM memory_mappings WHERE shmem_id IS NOT NULL GROUP BY ALL
), found AS (
  SELECT h.*, coalesce(h.pid, s.pid) AS holder
  FROM memory_elf_headers h LEFT JOIN holders s ON s.checkpoint_id = h.checkpoint_id AND s.shmem_id = h.shmem_id
  WHERE h.mapping_kind IN ('anon', 'heap', 'stack', 'memfd', 'shared_anon', 'sysv', 'unknown')
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, list_sort(list(DISTINCT f.holder)) AS pids, list_sort(list(DISTINCT p.comm)) AS comms, f.mapping_kind, f.path,
       lower(hex(f.address)) AS address, f.perms, f.evidence, f.type, f.machine, f.build_id, f.needed, f.size_bytes, f.checkpoint_id
FROM found f
JOIN checkpoints c ON c.checkpoint_id = f.checkpoint_id
LEFT JOIN processes p ON p.checkpoint_id = f.checkpoint_id AND p.pid = f.holder
GROUP BY c.pod_namespace, c.pod_name, c.container_name, c.image, f.pid, f.shmem_id, f.mapping_kind, f.path, f.address, f.perms, f.evidence, f.type, f.machine, f.build_id, f.needed, f.size_bytes, f.checkpoint_id
ORDER BY c.container_name, f.checkpoint_id, pids, f.address, f.pid, f.shmem_id
