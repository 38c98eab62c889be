-- title: Without seccomp
-- question: In which containers may processes make every system call?
-- audience: security, platform
-- severity: low
-- attack: T1611 Escape to Host
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: unfiltered | processes without a filter
-- column: processes | all living processes
-- column: asked_for | the specification has a seccomp profile, which these processes are not under
-- column: names | names of the processes
-- column: checkpoint_id | the checkpoint
-- key: names
-- tables: processes, checkpoints, container_specs
-- description: Kubernetes uses no profile unless a pod, or the kubelet (seccompDefault), asks for one.

SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, count(*) FILTER (p.seccomp_mode = 'disabled') AS unfiltered, count(*) AS processes, any_value(s.seccomp_default_action) IS NOT NULL AS asked_for,
       list_sort(list(DISTINCT p.comm) FILTER (p.seccomp_mode = 'disabled')) AS names, p.checkpoint_id
FROM processes p
JOIN checkpoints c ON c.checkpoint_id = p.checkpoint_id
LEFT JOIN container_specs s ON s.checkpoint_id = p.checkpoint_id
WHERE p.seccomp_mode IS NOT NULL
GROUP BY c.pod_namespace, c.pod_name, c.container_name, c.image, p.checkpoint_id
HAVING count(*) FILTER (p.seccomp_mode = 'disabled') > 0
ORDER BY c.container_name, p.checkpoint_id
