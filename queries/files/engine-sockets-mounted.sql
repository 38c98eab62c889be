-- title: Sockets of engines
-- question: Which containers can command the container engine of their host?
-- audience: security, platform, responder
-- severity: high
-- attack: T1611 Escape to Host
-- attack: T1610 Deploy Container
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: source | path on the host
-- column: destination | path inside the container
-- column: read_only | mounted read-only: a socket can be used all the same
-- column: is_connected | a process of the container is connected to it, or has its path open
-- column: checkpoint_id | the checkpoint
-- key: source, destination
-- tables: container_mounts, sockets, checkpoints
-- description: Build servers, and agents that watch containers, have the socket by design.

WITH named AS (
  SELECT DISTINCT checkpoint_id, name FROM sockets WHERE family = 'unix' AND name IS NOT NULL
)
SELECT m.pod_namespace, m.pod_name, m.container_name, m.image, m.source, m.destination, m.read_only, n.name IS NOT NULL AS is_connected, m.checkpoint_id
FROM container_mounts_full m
LEFT JOIN named n ON n.checkpoint_id = m.checkpoint_id AND n.name = m.destination
WHERE m.origin = 'spec' AND m.is_bind
  AND regexp_matches(m.source || ' ' || m.destination, '/(docker|containerd|crio|podman|cri-dockerd|dockershim|buildkitd)([.]sock|/[^ ]*[.]sock)( |$)')
ORDER BY m.container_name, m.checkpoint_id, m.destination, m.position
