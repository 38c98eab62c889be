-- title: Code without a file
-- question: Which processes execute memory that no file stands behind, and have no compiler that would explain it?
-- audience: responder, security
-- severity: high
-- attack: T1620 Reflective Code Loading
-- attack: T1055 Process Injection
-- param: include_jit BOOLEAN = false | also processes with a compiler: anyone who injects code may hide there
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: exe | its program file
-- column: range | addresses, in hexadecimal
-- column: perms | as in /proc/PID/maps
-- column: kind | anon, heap, stack, memfd, file (deleted), ...
-- column: path | name of the memfd, or of the deleted file
-- column: size_bytes | size, in bytes
-- column: pages_present | pages with content in the checkpoint
-- column: contains_instruction_pointer | a thread executes in it
-- column: jit | library or program that compiles at run time; NULL without
-- column: checkpoint_id | the checkpoint
-- key: comm, exe, perms, kind, path
-- tables: memory_mappings, processes, checkpoints
-- description: A process with a known compiler mapped is left out. Others that write code as they run (packers, emulators, sandboxes) are found.

-- runtimes that compile while they run: HotSpot, OpenJ9, V8, SpiderMonkey, JavaScriptCore, .NET, Mono, LuaJIT, LLVM, PCRE, PyPy, libffi, PHP, YJIT, BEAM, QEMU
WITH compilers AS (
  SELECT checkpoint_id, pid, min(path) AS jit FROM memory_mappings
  WHERE executable AND NOT file_deleted AND regexp_matches(path,
    '/(libjvm|libj9jit[0-9]*|libnode|libv8|libmozjs|libjavascriptcoregtk|libcoreclr|libclrjit|libmono[^/]*|libluajit[^/]*|libLLVM[^/]*|llvmjit' ||
    '|libpcre2?[^/]*|libpypy[^/]*|libffi|opcache|libwasmtime|libgccjit)[-.0-9a-zA-Z]*[.]so' ||
    '|/(node|nodejs|deno|bun|luajit|pypy|ruby|beam[.]smp|dotnet|mono|chrome|chromium|firefox|qemu-[^/]*)[-.0-9]*$')
  GROUP BY checkpoint_id, pid
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, m.pid, p.comm, p.exe, lower(hex(m.start_address)) || '-' || lower(hex(m.end_address)) AS range, m.perms, m.kind, m.path, m.size_bytes, m.pages_present, m.contains_instruction_pointer, j.jit, m.checkpoint_id
FROM memory_mappings m
JOIN checkpoints c ON c.checkpoint_id = m.checkpoint_id
JOIN processes p ON p.checkpoint_id = m.checkpoint_id AND p.pid = m.pid
LEFT JOIN compilers j ON j.checkpoint_id = m.checkpoint_id AND j.pid = m.pid
WHERE (m.is_exec_anon OR m.is_exec_memfd OR m.is_exec_deleted) AND ($include_jit OR j.jit IS NULL)
ORDER BY c.container_name, m.checkpoint_id, m.pid, m.start_address
