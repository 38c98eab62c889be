-- title: Root without no_new_privs
-- question: Which processes run as root and could gain more rights by a setuid program?
-- description: host_uid tells whether root is root on the host too: another number means a user namespace.
-- tables: processes, credentials, checkpoints
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, p.pid, p.comm, p.cmdline, k.euid, k.host_uid, p.seccomp_mode, len(k.cap_effective_names) AS capabilities, p.checkpoint_id
FROM processes p
JOIN checkpoints c USING (checkpoint_id)
JOIN credentials k ON k.checkpoint_id = p.checkpoint_id AND k.pid = p.pid AND k.tid = p.pid
WHERE k.euid = 0 AND NOT k.no_new_privs
ORDER BY c.container_name, p.checkpoint_id, p.pid
