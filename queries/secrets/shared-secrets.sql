-- title: Secrets in many workloads
-- question: Which secret is known to several workloads?
-- audience: responder, security
-- severity: low
-- attack: T1552 Unsecured Credentials
-- param: at_least BIGINT = 2 | workloads that are worth a line
-- param: at_least_characters BIGINT = 6 | length of the shortest value that counts: true and 8080 are no secrets
-- column: value_sha256 | first 16 digits of the SHA-256 of the value
-- column: value_length | length of the value, in characters
-- column: workloads | different Kubernetes namespaces and pods, or containers outside Kubernetes
-- column: names | names of the variables
-- column: container_names | the containers
-- column: images | their images
-- column: checkpoint_ids | the checkpoints
-- key: value_sha256
-- tables: environment, checkpoints
-- description: A secret whose loss in one place is a loss in all. Replicas share theirs by design.

WITH named AS (
  SELECT e.name, e.value, c.checkpoint_id, c.container_name, c.image, coalesce(c.pod_namespace || '/' || c.pod_name, c.container_id, c.checkpoint_id) AS workload
  FROM environment e JOIN checkpoints c ON c.checkpoint_id = e.checkpoint_id
  WHERE e.sensitive AND length(e.value) >= $at_least_characters
), shared AS (
  SELECT sha256(value)[:16] AS value_sha256, length(value) AS value_length, count(DISTINCT workload) AS workloads, list_sort(list(DISTINCT name)) AS names,
         list_sort(list(DISTINCT container_name)) AS container_names, list_sort(list(DISTINCT image)) AS images, list_sort(list(DISTINCT checkpoint_id)) AS checkpoint_ids
  FROM named
  GROUP BY value
)
SELECT * FROM shared WHERE workloads >= $at_least
ORDER BY workloads DESC, value_sha256
