-- title: Outliers among replicas
-- question: What does a container have that most others of its image have not, or lack that they have?
-- audience: responder, platform
-- severity: info
-- param: at_least BIGINT = 3 | containers of an image that are needed to speak of most
-- param: share DOUBLE = 0.2 | share of them up to which a thing is odd
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: kind | program, listening, file, variable, mount
-- column: difference | only here: few have it; missing here: few lack it
-- column: item | what it is
-- column: found_in | containers of the image that have it
-- column: replicas | containers of the image
-- column: checkpoint_id | the checkpoint
-- key: kind, difference, item
-- tables: checkpoints, processes, sockets, filesystem_entries, environment, mounts
-- uses: checkpoint-facts
-- description: The last checkpoint of each container counts. Images that serve many purposes, such as base images, have outliers by nature.

WITH latest AS (
  SELECT checkpoint_id, image, row_number() OVER (PARTITION BY coalesce(container_id, checkpoint_id) ORDER BY coalesce(checkpointed_at, dumped_at) DESC, checkpoint_id DESC) AS age
  FROM checkpoints WHERE dump_kind <> 'predump' AND image IS NOT NULL
), replicas AS (
  SELECT checkpoint_id, image, count(*) OVER (PARTITION BY image) AS replicas FROM latest WHERE age = 1
), facts AS (
  -- pids, connections and host names are each container's own
  SELECT checkpoint_id, 'program' AS kind, coalesce(exe, comm) AS item FROM processes WHERE exe IS NOT NULL
  UNION
  SELECT checkpoint_id, kind, item FROM checkpoint_facts WHERE kind IN ('listening', 'file', 'mount') AND NOT (kind = 'mount' AND item LIKE '/sys/fs/cgroup%')
  UNION
  SELECT checkpoint_id, 'variable', name FROM environment WHERE value IS NOT NULL
), known AS (
  SELECT r.image, r.checkpoint_id, r.replicas, f.kind, f.item FROM replicas r JOIN facts f ON f.checkpoint_id = r.checkpoint_id WHERE r.replicas >= $at_least
), counted AS (
  SELECT image, kind, item, count(*) AS found_in, any_value(replicas) AS replicas FROM known GROUP BY image, kind, item
), odd AS (
  SELECT k.checkpoint_id, k.kind, 'only here' AS difference, k.item, o.found_in, o.replicas
  FROM counted o JOIN known k ON k.image = o.image AND k.kind = o.kind AND k.item = o.item WHERE o.found_in <= o.replicas * $share
  UNION ALL
  -- few lack it: so there are few pairs of what is lacked and who may lack it
  SELECT r.checkpoint_id, o.kind, 'missing here', o.item, o.found_in, o.replicas
  FROM counted o JOIN replicas r ON r.image = o.image
  LEFT JOIN known k ON k.checkpoint_id = r.checkpoint_id AND k.kind = o.kind AND k.item = o.item
  WHERE o.found_in < o.replicas AND o.replicas - o.found_in <= o.replicas * $share AND k.item IS NULL
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, o.kind, o.difference, o.item, o.found_in, o.replicas, o.checkpoint_id
FROM odd o JOIN checkpoints c ON c.checkpoint_id = o.checkpoint_id
ORDER BY c.image, o.kind, o.item, o.difference, c.container_name, o.checkpoint_id
