-- title: Code of files that are gone
-- question: Which processes execute a file that was deleted, or a memfd, and what does memory still have of it?
-- audience: responder, security
-- severity: high
-- attack: T1070.004 File Deletion
-- attack: T1620 Reflective Code Loading
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: exe | its program file
-- column: path | the file, or name of the memfd
-- column: kind | file or memfd
-- column: mappings | executable mappings of it
-- column: pages_present | their pages with content in the checkpoint
-- column: has_header | the image's first page is there
-- column: type | EXEC, DYN, ...
-- column: machine | processor it is made for
-- column: build_id | its build id, as memory has it, or as CRIU read it from the file
-- column: needed | libraries it needs
-- column: checkpoint_id | the checkpoint
-- memory: headers
-- key: comm, exe, path, kind, build_id
-- tables: memory_mappings, memory_elf_headers, processes, checkpoints
-- description: A package that was upgraded within the running container leaves such processes too. What the file held may be in ghost_files; the rest of its image can be taken from memory.

WITH gone AS (
  SELECT checkpoint_id, pid, path, kind, any_value(shmem_id) AS shmem_id, count(*) AS mappings, sum(pages_present)::BIGINT AS pages_present, any_value(build_id) AS build_id
  FROM memory_mappings WHERE is_exec_deleted OR is_exec_memfd GROUP BY checkpoint_id, pid, path, kind
), own AS (
  SELECT checkpoint_id, pid, path, any_value(type) AS type, any_value(machine) AS machine, any_value(build_id) AS build_id, any_value(needed) AS needed
  FROM memory_elf_headers WHERE is_mapped_file AND pid IS NOT NULL GROUP BY checkpoint_id, pid, path
), shared AS (
  SELECT checkpoint_id, shmem_id, any_value(type) AS type, any_value(machine) AS machine, any_value(build_id) AS build_id, any_value(needed) AS needed
  FROM memory_elf_headers WHERE is_mapped_file AND shmem_id IS NOT NULL GROUP BY checkpoint_id, shmem_id
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, g.pid, p.comm, p.exe, g.path, g.kind, g.mappings, g.pages_present,
       o.pid IS NOT NULL OR s.shmem_id IS NOT NULL AS has_header, coalesce(o.type, s.type) AS type, coalesce(o.machine, s.machine) AS machine,
       coalesce(o.build_id, s.build_id, g.build_id) AS build_id, coalesce(o.needed, s.needed) AS needed, g.checkpoint_id
FROM gone g
JOIN checkpoints c ON c.checkpoint_id = g.checkpoint_id
JOIN processes p ON p.checkpoint_id = g.checkpoint_id AND p.pid = g.pid
LEFT JOIN own o ON o.checkpoint_id = g.checkpoint_id AND o.pid = g.pid AND o.path = g.path
LEFT JOIN shared s ON s.checkpoint_id = g.checkpoint_id AND s.shmem_id = g.shmem_id
ORDER BY c.container_name, g.checkpoint_id, g.pid, g.path
