-- title: Secret-looking environment
-- question: Which environment variables look like secrets, and in how many containers is the same value?
-- description: Names only. The value is not shown, but equal values have the same number in value_group.
-- tables: environment, processes, checkpoints
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, e.pid, p.comm, e.name, length(e.value) AS value_length,
       CASE WHEN e.value <> '' THEN dense_rank() OVER (ORDER BY e.value) END AS value_group, e.checkpoint_id
FROM environment e
JOIN checkpoints c USING (checkpoint_id)
JOIN processes p ON p.checkpoint_id = e.checkpoint_id AND p.pid = e.pid
WHERE e.sensitive
ORDER BY c.container_name, e.checkpoint_id, e.pid, e.position
