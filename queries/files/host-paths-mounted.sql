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

SELECT pod_namespace, pod_name, container_name, image, source, destination, NOT read_only AS writable, propagation, options,
       source LIKE '%docker.sock' OR source LIKE '%containerd.sock' OR source LIKE '%crio.sock' OR source LIKE '%podman.sock' AS is_engine_socket, checkpoint_id
FROM container_mounts_full
WHERE origin = 'spec' AND is_bind
  AND destination NOT IN ('/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/dev/shm', '/run/.containerenv', '/dev/termination-log', '/run/secrets')
  AND destination NOT LIKE '/sys/fs/cgroup%'
ORDER BY container_name, checkpoint_id, destination, position
