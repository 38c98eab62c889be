-- title: Host paths mounted
-- question: Which paths of the host do containers see, and may they write there?
-- audience: security, platform
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: source | path on the host
-- column: destination | path inside the container
-- column: writable | the container may write there
-- column: propagation | whether mounts made on one side appear on the other
-- column: options | mount options
-- column: is_engine_socket | it is the socket of a container engine
-- column: checkpoint_id | the checkpoint
-- tables: container_mounts, checkpoints
-- description: Files and folders that engines mount into every container (hosts, resolv.conf, shm, the pod's own volumes' bookkeeping) are left out by their place in the container.

SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, m.source, m.destination, NOT m.read_only AS writable, m.propagation, m.options,
       m.source LIKE '%docker.sock' OR m.source LIKE '%containerd.sock' OR m.source LIKE '%crio.sock' OR m.source LIKE '%podman.sock' AS is_engine_socket, m.checkpoint_id
FROM container_mounts m JOIN checkpoints c USING (checkpoint_id)
WHERE m.origin = 'spec' AND m.is_bind
  AND m.destination NOT IN ('/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/dev/shm', '/run/.containerenv', '/dev/termination-log', '/run/secrets')
  AND m.destination NOT LIKE '/sys/fs/cgroup%'
ORDER BY c.container_name, m.checkpoint_id, m.destination, m.position, m.position, m.position, m.position, m.position, m.position, m.position, m.position, m.position, m.position, m.position, m.position, m.position, m.position
