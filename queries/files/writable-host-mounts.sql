-- title: Writable host paths
-- question: Which containers may write to the host, outside of volumes?
-- audience: security, platform, responder
-- severity: medium
-- attack: T1611 Escape to Host
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: source | path on the host
-- column: destination | path inside the container
-- column: is_sensitive | who writes there can take over the host
-- column: propagation | whether mounts made on one side appear on the other
-- column: checkpoint_id | the checkpoint
-- key: source, destination
-- tables: container_mounts, checkpoints
-- description: Log collectors, storage drivers and developers mount host paths by design.

SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, m.source, m.destination,
       regexp_matches(m.source, '^/$|^/(home|run|var|var/run|var/spool|var/lib|opt)$|^/(etc|root|boot|usr|bin|sbin|lib|lib64|proc|sys|dev)(/|$)' ||
         '|^/var/(spool/cron|lib/(kubelet|docker|containerd|containers|etcd|cni))(/|$)') AS is_sensitive,
       m.propagation, m.checkpoint_id
FROM container_mounts m JOIN checkpoints c ON c.checkpoint_id = m.checkpoint_id
WHERE m.origin = 'spec' AND m.is_bind AND NOT m.read_only
  AND m.destination NOT IN ('/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/dev/shm', '/run/.containerenv', '/dev/termination-log', '/run/secrets') AND m.destination NOT LIKE '/sys/fs/cgroup%'
  -- volumes that Kubernetes, Docker or Podman made for containers: .../pods/UID/volumes/..., .../volumes/NAME/_data
  AND NOT regexp_matches(m.source, '/pods/[^/]+/(volumes|volume-subpaths|etc-hosts|containers)(/|$)|/volumes/[^/]+(/_data)?(/|$)')
ORDER BY is_sensitive DESC, c.container_name, m.checkpoint_id, m.destination
