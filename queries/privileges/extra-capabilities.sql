-- title: Capabilities beyond the default
-- question: Which processes have capabilities that engines do not give by default?
-- audience: security, platform, responder
-- severity: medium
-- attack: T1611 Escape to Host
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pids | the processes
-- column: names | their names
-- column: uids | their effective users
-- column: extra | effective capabilities beyond the default
-- column: escapes | those of them with which a process can leave its container, or read and change the host
-- column: checkpoint_id | the checkpoint
-- key: names, extra
-- tables: credentials, processes, checkpoints
-- description: A line per checkpoint and set of capabilities. Network plug-ins, storage drivers and monitoring have such capabilities by design.

-- The default of Docker and containerd (moby, daemon/pkg/oci/caps/defaults.go; containerd, pkg/oci/spec.go); CRI-O and Podman give a subset of it
-- (containers.conf(5), default_capabilities). As a bit mask it is a80425fb, which is 2818844155; the bits are those of linux/capability.h.
WITH beyond AS (
  SELECT checkpoint_id, pid, euid, unnest(cap_effective_names) AS name FROM credentials
  WHERE tid = pid AND cap_effective & ~2818844155::UBIGINT <> 0
), extra AS (
  SELECT checkpoint_id, pid, any_value(euid) AS euid, list_sort(list(name)) AS extra,
         list_sort(list(name) FILTER (name IN ('CAP_SYS_ADMIN', 'CAP_SYS_MODULE', 'CAP_SYS_RAWIO', 'CAP_SYS_PTRACE', 'CAP_SYS_BOOT', 'CAP_DAC_READ_SEARCH', 'CAP_NET_ADMIN', 'CAP_BPF',
           'CAP_SYSLOG', 'CAP_MAC_ADMIN', 'CAP_MAC_OVERRIDE'))) AS escapes
  FROM beyond
  WHERE name NOT IN ('CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_SETGID', 'CAP_SETUID', 'CAP_SETPCAP', 'CAP_NET_BIND_SERVICE', 'CAP_NET_RAW',
    'CAP_SYS_CHROOT', 'CAP_MKNOD', 'CAP_AUDIT_WRITE', 'CAP_SETFCAP')
  GROUP BY checkpoint_id, pid
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, list_sort(list(e.pid)) AS pids, list_sort(list(DISTINCT p.comm)) AS names, list_sort(list(DISTINCT e.euid)) AS uids, e.extra, e.escapes, e.checkpoint_id
FROM extra e
JOIN checkpoints c ON c.checkpoint_id = e.checkpoint_id
LEFT JOIN processes p ON p.checkpoint_id = e.checkpoint_id AND p.pid = e.pid
GROUP BY c.pod_namespace, c.pod_name, c.container_name, c.image, e.checkpoint_id, e.extra, e.escapes
ORDER BY c.container_name, e.checkpoint_id, pids, e.extra, e.escapes
