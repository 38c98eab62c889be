-- title: Zombies
-- question: Which processes do not reap their dead children?
-- audience: on-call
-- param: at_least BIGINT = 1 | dead children of one parent that are worth a line
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: ppid | its parent
-- column: parent_comm | its name
-- column: parent_cmdline | its command line
-- column: zombies | dead children that it has not waited for
-- column: names | their names
-- column: checkpoint_id | the checkpoint
-- tables: processes, checkpoints

WITH dead AS (
  SELECT checkpoint_id, ppid, count(*) AS zombies, list_sort(list(DISTINCT comm)) AS names FROM processes WHERE state IN ('zombie', 'dead') GROUP BY checkpoint_id, ppid
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, z.ppid, p.comm AS parent_comm, p.cmdline AS parent_cmdline, z.zombies, z.names, z.checkpoint_id
FROM dead z
JOIN checkpoints c ON c.checkpoint_id = z.checkpoint_id
LEFT JOIN processes p ON p.checkpoint_id = z.checkpoint_id AND p.pid = z.ppid
WHERE z.zombies >= $at_least
ORDER BY z.zombies DESC, c.container_name, z.checkpoint_id, z.ppid
