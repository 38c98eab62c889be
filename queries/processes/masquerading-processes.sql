-- title: Processes under a false name
-- question: Which processes give themselves the name of a kernel thread?
-- audience: responder, security
-- severity: high
-- attack: T1036.004 Masquerade Task or Service
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: cmdline | its command line
-- column: exe | its program file
-- column: uid | its user, inside the container
-- column: checkpoint_id | the checkpoint
-- key: comm, exe, cmdline
-- tables: processes, checkpoints
-- description: Judged by argv[0] in brackets, or by a name that begins like that of a kernel thread.

SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, p.pid, p.comm, p.cmdline, p.exe, p.uid, p.checkpoint_id
FROM processes p
JOIN checkpoints c ON c.checkpoint_id = p.checkpoint_id
-- ps shows kernel threads in brackets; these have no program and are in no container's PID namespace
WHERE p.exe IS NOT NULL
  AND (regexp_matches(p.argv[1], '^\[.*\]$')
    OR regexp_matches(p.comm, '^(kthreadd|kworker|ksoftirqd|kswapd|kdevtmpfs|migration|rcu_|watchdogd?|khugepaged|kcompactd|kintegrityd|kauditd)'))
ORDER BY c.container_name, p.checkpoint_id, p.pid
