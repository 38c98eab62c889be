-- title: User namespaces
-- question: Which user of the host is root in each container, and do containers share a range of users?
-- audience: security, platform
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: is_isolated | the container has users of its own
-- column: root_is | user of the host that is root in the container; NULL where the namespace's mapping does not tell
-- column: uid_ranges | ranges of users, each inside-outside+count
-- column: gid_ranges | ranges of groups
-- column: containers_on_range | containers with the same first user of the host, this one included: they are not isolated from each other
-- column: checkpoint_id | the checkpoint
-- tables: checkpoints, id_mappings
-- description: A container without a user namespace of its own has the host's users.

WITH ranges AS (
  SELECT checkpoint_id, min(outside_first) FILTER (kind = 'uid' AND inside_first = 0) AS root_is, min(outside_first) FILTER (kind = 'uid') AS first_uid,
         list_sort(list(inside_first || '-' || outside_first || '+' || "count") FILTER (kind = 'uid')) AS uid_ranges,
         list_sort(list(inside_first || '-' || outside_first || '+' || "count") FILTER (kind = 'gid')) AS gid_ranges
  FROM id_mappings GROUP BY checkpoint_id
), shared AS (
  SELECT r.first_uid, count(DISTINCT coalesce(c.container_id, c.checkpoint_id)) AS containers FROM ranges r JOIN checkpoints c USING (checkpoint_id) GROUP BY r.first_uid
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, r.checkpoint_id IS NOT NULL AS is_isolated, CASE WHEN r.checkpoint_id IS NULL THEN 0 ELSE r.root_is END AS root_is, r.uid_ranges, r.gid_ranges,
       s.containers AS containers_on_range, c.checkpoint_id
FROM checkpoints c
LEFT JOIN ranges r ON r.checkpoint_id = c.checkpoint_id
LEFT JOIN shared s ON s.first_uid = r.first_uid
WHERE c.dump_kind <> 'predump'
ORDER BY is_isolated DESC, c.container_name, c.checkpoint_id
