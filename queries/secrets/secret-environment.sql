-- title: Secret-looking environment
-- question: Which environment variables look like secrets, and in how many containers is the same value?
-- audience: responder, security
-- severity: info
-- attack: T1552 Unsecured Credentials
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: name | name of the variable
-- column: value_length | length of its value, in characters
-- column: value_group | number of the value: equal values have equal numbers; NULL if empty
-- column: checkpoint_id | the checkpoint
-- key: comm, name
-- tables: environment, processes, checkpoints
-- description: Names only. The value is not shown, but equal values have the same number in value_group.

SELECT pod_namespace, pod_name, container_name, image, pid, comm, name, length(value) AS value_length,
       CASE WHEN value <> '' THEN dense_rank() OVER (ORDER BY value) END AS value_group, checkpoint_id
FROM environment_full
WHERE sensitive
ORDER BY container_name, checkpoint_id, pid, position
