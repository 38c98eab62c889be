-- title: Programs without a file
-- question: Which processes run a program that was deleted, or that never was a file?
-- audience: responder, security
-- severity: high
-- attack: T1620 Reflective Code Loading
-- attack: T1070.004 File Deletion
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: cmdline | its command line
-- column: exe | its program file
-- column: exe_deleted | the program file had been deleted
-- column: exe_memfd | the program ran from a memfd
-- column: sha256 | SHA-256 of the program, where the checkpoint saved it
-- column: uid | its user, inside the container
-- column: checkpoint_id | the checkpoint
-- key: comm, exe, sha256
-- tables: processes, checkpoints, ghost_files
-- description: A package that was upgraded within the running container leaves such processes too; containers are seldom treated like that.

WITH saved AS (
  SELECT checkpoint_id, unnest(exe_pids) AS pid, sha256 FROM ghost_files
)
SELECT p.pod_namespace, p.pod_name, p.container_name, p.image, p.pid, p.comm, p.cmdline, p.exe, p.exe_deleted, p.exe_memfd, s.sha256, p.uid, p.checkpoint_id
FROM processes_full p
LEFT JOIN saved s ON s.checkpoint_id = p.checkpoint_id AND s.pid = p.pid
WHERE p.exe_deleted OR p.exe_memfd
ORDER BY p.container_name, p.checkpoint_id, p.pid, s.sha256
