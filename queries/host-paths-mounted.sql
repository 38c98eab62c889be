-- title: Host paths mounted
-- question: Which paths of the host do containers see, and may they write there?
-- description: Files and folders that engines mount into every container (hosts, resolv.conf, shm, the pod's own volumes' bookkeeping) are left out by their place in the container.
-- tables: container_mounts, checkpoints
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, m.source, m.destination, NOT m.read_only AS writable, m.propagation, m.options,
       m.source LIKE '%docker.sock' OR m.source LIKE '%containerd.sock' OR m.source LIKE '%crio.sock' OR m.source LIKE '%podman.sock' AS is_engine_socket, m.checkpoint_id
FROM container_mounts m JOIN checkpoints c USING (checkpoint_id)
WHERE m.origin = 'spec' AND m.is_bind
  AND m.destination NOT IN ('/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/dev/shm', '/run/.containerenv', '/dev/termination-log', '/run/secrets')
  AND m.destination NOT LIKE '/sys/fs/cgroup%'
ORDER BY c.container_name, m.checkpoint_id, m.destination
