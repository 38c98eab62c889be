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

SELECT pod_namespace, pod_name, container_name, image, pid, comm, cmdline, exe, uid, checkpoint_id
FROM processes_full
-- ps shows kernel threads in brackets; these have no program and are in no container's PID namespace
WHERE exe IS NOT NULL
  AND (regexp_matches(argv[1], '^\[.*\]$')
    OR regexp_matches(comm, '^(kthreadd|kworker|ksoftirqd|kswapd|kdevtmpfs|migration|rcu_|watchdogd?|khugepaged|kcompactd|kintegrityd|kauditd)'))
ORDER BY container_name, checkpoint_id, pid
