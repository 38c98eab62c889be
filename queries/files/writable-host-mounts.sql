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

SELECT pod_namespace, pod_name, container_name, image, source, destination,
       regexp_matches(source, '^/$|^/(home|run|var|var/run|var/spool|var/lib|opt)$|^/(etc|root|boot|usr|bin|sbin|lib|lib64|proc|sys|dev)(/|$)' ||
         '|^/var/(spool/cron|lib/(kubelet|docker|containerd|containers|etcd|cni))(/|$)') AS is_sensitive,
       propagation, checkpoint_id
FROM container_mounts_full
WHERE origin = 'spec' AND is_bind AND NOT read_only
  AND destination NOT IN ('/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/dev/shm', '/run/.containerenv', '/dev/termination-log', '/run/secrets') AND destination NOT LIKE '/sys/fs/cgroup%'
  -- volumes that Kubernetes, Docker or Podman made for containers: .../pods/UID/volumes/..., .../volumes/NAME/_data
  AND NOT regexp_matches(source, '/pods/[^/]+/(volumes|volume-subpaths|etc-hosts|containers)(/|$)|/volumes/[^/]+(/_data)?(/|$)')
ORDER BY is_sensitive DESC, container_name, checkpoint_id, destination, position
