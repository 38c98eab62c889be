-- title: Writable and executable memory
-- question: Which processes have memory that is writable and executable at once, or code without a file?
-- audience: responder, security
-- severity: low
-- attack: T1055 Process Injection
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: exe | its program file
-- column: range | addresses, in hexadecimal
-- column: perms | as in /proc/PID/maps
-- column: kind | anon, heap, stack, file, memfd, ...
-- column: path | file mapped
-- column: size_bytes | size, in bytes
-- column: pages_present | pages with content in the checkpoint
-- column: is_rwx | writable and executable at once
-- column: is_exec_anon | executable without a file
-- column: is_exec_memfd | executable, of a memfd
-- column: is_exec_deleted | executable, of a deleted file
-- column: is_modified_code | pages of the program differ from the file
-- column: contains_instruction_pointer | a thread executes in it
-- column: checkpoint_id | the checkpoint
-- key: comm, exe, perms, kind, path
-- tables: memory_mappings, processes, checkpoints
-- description: Injected code, unpacked malware, and JIT compilers look like this; code-without-file leaves out the latter. is_modified_code tells of program files changed in memory; one page of each process is CRIU's own doing and does not count.

SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, m.pid, p.comm, p.exe, lower(hex(m.start_address)) || '-' || lower(hex(m.end_address)) AS range, m.perms, m.kind, m.path,
       m.size_bytes, m.pages_present, m.is_rwx, m.is_exec_anon, m.is_exec_memfd, m.is_exec_deleted, m.is_modified_code, m.contains_instruction_pointer, m.checkpoint_id
FROM memory_mappings m
JOIN checkpoints c USING (checkpoint_id)
JOIN processes p ON p.checkpoint_id = m.checkpoint_id AND p.pid = m.pid
WHERE m.is_rwx OR m.is_exec_anon OR m.is_exec_memfd OR m.is_exec_deleted OR (m.is_modified_code AND m.pages_present > 1)
ORDER BY c.container_name, m.checkpoint_id, m.pid, m.start_address
