-- title: Root without no_new_privs
-- question: Which processes run as root and could gain more rights by a setuid program?
-- audience: security, platform
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: cmdline | its command line
-- column: euid | effective user
-- column: host_uid | real user as the host sees it
-- column: seccomp_mode | disabled, strict or filter
-- column: capabilities | number of effective capabilities
-- column: checkpoint_id | the checkpoint
-- tables: processes, credentials, checkpoints
-- description: host_uid tells whether root is root on the host too: another number means a user namespace.

SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, p.pid, p.comm, p.cmdline, k.euid, k.host_uid, p.seccomp_mode, len(k.cap_effective_names) AS capabilities, p.checkpoint_id
FROM processes p
JOIN checkpoints c USING (checkpoint_id)
JOIN credentials k ON k.checkpoint_id = p.checkpoint_id AND k.pid = p.pid AND k.tid = p.pid
WHERE k.euid = 0 AND NOT k.no_new_privs
ORDER BY c.container_name, p.checkpoint_id, p.pid
