-- title: Privileged containers
-- question: Which containers run privileged?
-- audience: security, platform, responder
-- severity: high
-- attack: T1611 Escape to Host
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: devices | device nodes it was given
-- column: block_devices | disks among them
-- column: uid | user of the first process
-- column: root_readonly | its root file system is read-only
-- column: checkpoint_id | the checkpoint
-- key: block_devices
-- tables: container_specs, container_devices, checkpoints
-- description: Derived from the specification: no masked paths, no seccomp profile, and CAP_SYS_ADMIN. Agents that manage the host are privileged by design.

WITH nodes AS (
  SELECT checkpoint_id, count(*) AS n, count(*) FILTER (type = 'b') AS blocks FROM container_devices WHERE origin = 'device' GROUP BY checkpoint_id
)
SELECT s.pod_namespace, s.pod_name, s.container_name, s.image, coalesce(n.n, 0) AS devices, coalesce(n.blocks, 0) AS block_devices, s.uid, s.root_readonly, s.checkpoint_id
FROM container_specs_full s
LEFT JOIN nodes n ON n.checkpoint_id = s.checkpoint_id
WHERE s.privileged
ORDER BY s.container_name, s.checkpoint_id
