-- title: Odd listeners
-- question: Which containers listen on a port that most others of their image do not?
-- audience: responder, security
-- severity: low
-- param: at_least BIGINT = 3 | containers of an image that are needed to speak of most
-- param: share DOUBLE = 0.34 | share of them up to which a port is odd
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: protocol | tcp or udp
-- column: local_address | address it listens on
-- column: local_port | port
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: cmdline | its command line
-- column: listening | containers of the image that listen there
-- column: replicas | containers of the image
-- column: checkpoint_id | the checkpoint
-- key: comm, protocol, local_address, local_port
-- tables: checkpoints, sockets, processes
-- uses: listening
-- description: The last checkpoint of each container counts. Images that serve many purposes, such as base images, have odd listeners by nature.

WITH latest AS (
  SELECT checkpoint_id, image, row_number() OVER (PARTITION BY coalesce(container_id, checkpoint_id) ORDER BY coalesce(checkpointed_at, dumped_at) DESC, checkpoint_id DESC) AS age
  FROM checkpoints WHERE dump_kind <> 'predump' AND image IS NOT NULL
), images AS (
  SELECT image, count(*) AS replicas FROM latest WHERE age = 1 GROUP BY image
), held AS (
  SELECT l.image, l.checkpoint_id, k.protocol, k.local_port, min(k.local_address) AS local_address, min(k.pid) AS pid
  FROM latest l JOIN listening k ON k.checkpoint_id = l.checkpoint_id
  WHERE l.age = 1 AND k.family IN ('inet', 'inet6') GROUP BY l.image, l.checkpoint_id, k.protocol, k.local_port
), ports AS (
  SELECT image, protocol, local_port, count(*) AS listening FROM held GROUP BY image, protocol, local_port
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, h.protocol, h.local_address, h.local_port, h.pid, p.comm, p.cmdline, o.listening, i.replicas, h.checkpoint_id
FROM held h
JOIN images i ON i.image = h.image
JOIN ports o ON o.image = h.image AND o.protocol = h.protocol AND o.local_port = h.local_port
JOIN checkpoints c ON c.checkpoint_id = h.checkpoint_id
LEFT JOIN processes p ON p.checkpoint_id = h.checkpoint_id AND p.pid = h.pid
WHERE i.replicas >= $at_least AND o.listening <= i.replicas * $share
ORDER BY o.listening, c.image, h.local_port, h.protocol, c.container_name, h.checkpoint_id
