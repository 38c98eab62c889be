-- title: Modified code
-- question: Which processes have program pages that differ from the file?
-- audience: responder, security
-- severity: high
-- attack: T1055 Process Injection
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: exe | its program file
-- column: path | file mapped
-- column: range | addresses, in hexadecimal
-- column: perms | as in /proc/PID/maps
-- column: pages_present | pages that differ, or were written
-- column: pages_total | pages of the mapping
-- column: build_id | ELF build id of the file, to find the original
-- column: contains_instruction_pointer | a thread executes in it
-- column: checkpoint_id | the checkpoint
-- key: comm, exe, path, build_id
-- tables: memory_mappings, processes, checkpoints
-- description: A private page of code is in a checkpoint only if it was written to. One page of each process is CRIU's own doing. Debuggers (breakpoints), hooks and programs with text relocations change code by design.

SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, m.pid, p.comm, p.exe, m.path, lower(hex(m.start_address)) || '-' || lower(hex(m.end_address)) AS range, m.perms, m.pages_present, m.pages_total, m.build_id, m.contains_instruction_pointer, m.checkpoint_id
FROM memory_mappings m
JOIN checkpoints c ON c.checkpoint_id = m.checkpoint_id
JOIN processes p ON p.checkpoint_id = m.checkpoint_id AND p.pid = m.pid
-- CRIU puts code into one page of each process to make system calls from there, and takes it out again (compel/src/lib/infect.c)
WHERE m.is_modified_code AND m.pages_present > 1
ORDER BY c.container_name, m.checkpoint_id, m.pid, m.start_address
