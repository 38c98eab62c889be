-- title: Shells
-- question: Which shells run?
-- audience: responder, security
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: ppid | its parent
-- column: parent_comm | name of the parent
-- column: comm | name of the process
-- column: cmdline | its command line
-- column: exe | its program file
-- column: uid | its user, inside the container
-- column: is_declared | the command line is the one that the container was started with, or that of a subshell of it
-- column: has_terminal | standard input is a terminal: somebody types
-- column: checkpoint_id | the checkpoint
-- tables: processes, checkpoints, container_specs, file_descriptors
-- description: Where there is no executable, the name decides; a program named like a shell is listed too.

WITH terminals AS (
  SELECT DISTINCT checkpoint_id, pid FROM file_descriptors WHERE fd = 0 AND type = 'TTY'
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, p.pid, p.ppid, parent.comm AS parent_comm, p.comm, p.cmdline, p.exe, p.uid,
       coalesce(p.argv = s.args, false) AS is_declared, t.pid IS NOT NULL AS has_terminal, p.checkpoint_id
FROM processes p
JOIN checkpoints c ON c.checkpoint_id = p.checkpoint_id
LEFT JOIN container_specs s ON s.checkpoint_id = p.checkpoint_id
LEFT JOIN processes parent ON parent.checkpoint_id = p.checkpoint_id AND parent.pid = p.ppid
LEFT JOIN terminals t ON t.checkpoint_id = p.checkpoint_id AND t.pid = p.pid
-- by program, name and argv[0]: in busybox all three differ
WHERE regexp_matches(concat_ws(' ', regexp_extract(p.exe, '[^/]*$'), p.comm, regexp_extract(p.argv[1], '[^/]*$')), '(^| )-?(sh|bash|dash|ash|zsh|ksh|fish|csh|tcsh)( |$)')
ORDER BY c.container_name, p.checkpoint_id, p.pid
