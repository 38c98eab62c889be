-- title: Threads per process
-- question: Which processes have many threads, and what are they called?
-- audience: on-call
-- param: at_least BIGINT = 2 | threads that are worth a line
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: thread_count | threads
-- column: names | different names of them
-- column: limit_soft | threads and processes that its user may have; NULL if unlimited
-- column: checkpoint_id | the checkpoint
-- tables: processes, threads, resource_limits, checkpoints

WITH named AS (
  SELECT checkpoint_id, pid, list_sort(list(DISTINCT comm)) AS names FROM threads GROUP BY checkpoint_id, pid
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, p.pid, p.comm, p.thread_count, n.names, l.soft AS limit_soft, p.checkpoint_id
FROM processes p
JOIN checkpoints c ON c.checkpoint_id = p.checkpoint_id
LEFT JOIN named n ON n.checkpoint_id = p.checkpoint_id AND n.pid = p.pid
LEFT JOIN resource_limits l ON l.checkpoint_id = p.checkpoint_id AND l.pid = p.pid AND l.resource = 'NPROC'
WHERE p.thread_count >= $at_least
ORDER BY p.thread_count DESC, c.container_name, p.checkpoint_id, p.pid
