-- title: Writable and executable memory
-- question: Which processes have memory that is writable and executable at once, or code without a file?
-- description: Injected code, unpacked malware, and JIT compilers look like this. is_modified_code tells of program files changed in memory; one page of each process is CRIU's own doing and does not count.
-- tables: memory_mappings, processes, checkpoints
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, m.pid, p.comm, p.exe, lower(hex(m.start_address)) || '-' || lower(hex(m.end_address)) AS range, m.perms, m.kind, m.path,
       m.size_bytes, m.pages_present, m.is_rwx, m.is_exec_anon, m.is_exec_memfd, m.is_exec_deleted, m.is_modified_code, m.contains_ip, m.checkpoint_id
FROM memory_mappings m
JOIN checkpoints c USING (checkpoint_id)
JOIN processes p ON p.checkpoint_id = m.checkpoint_id AND p.pid = m.pid
WHERE m.is_rwx OR m.is_exec_anon OR m.is_exec_memfd OR m.is_exec_deleted OR (m.is_modified_code AND m.pages_present > 1)
ORDER BY c.container_name, m.checkpoint_id, m.pid, m.start_address
