-- title: The host's namespaces
-- question: Which containers share a namespace with the host?
-- audience: security, platform, responder
-- severity: medium
-- attack: T1611 Escape to Host
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: kinds | kinds of namespaces shared: pid, net, ipc, uts, mnt
-- column: declared | those that the specification does not isolate
-- column: checkpoint_id | the checkpoint
-- key: kinds
-- tables: container_specs, process_namespaces, checkpoints
-- description: By what CRIU saw of the first process, and by the specification. Pods with hostNetwork share net and uts by design: network plug-ins, node exporters.

-- that of cgroups, time and users is the host's in most containers
WITH seen AS (
  SELECT DISTINCT n.checkpoint_id, n.kind, false AS is_declared FROM process_namespaces n
  JOIN checkpoints c ON c.checkpoint_id = n.checkpoint_id AND c.root_pid = n.pid
  WHERE n.shared_with_dumper AND n.kind IN ('pid', 'net', 'ipc', 'uts', 'mnt')
  UNION ALL
  SELECT checkpoint_id, CASE kind WHEN 'network' THEN 'net' WHEN 'mount' THEN 'mnt' ELSE kind END, true
  FROM (SELECT checkpoint_id, unnest(host_namespaces) AS kind FROM container_specs)
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, list_sort(list(DISTINCT s.kind)) AS kinds, list_sort(list(DISTINCT s.kind) FILTER (s.is_declared)) AS declared, s.checkpoint_id
FROM seen s JOIN checkpoints c ON c.checkpoint_id = s.checkpoint_id
GROUP BY c.pod_namespace, c.pod_name, c.container_name, c.image, s.checkpoint_id
ORDER BY c.container_name, s.checkpoint_id
