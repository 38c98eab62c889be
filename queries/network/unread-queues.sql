-- title: Unread queues
-- question: Which sockets have data that nobody has read, or that cannot be sent?
-- audience: on-call
-- param: at_least_bytes BIGINT = 1 | bytes that are worth a line
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: pids | processes that hold the socket
-- column: names | their names
-- column: family | inet, inet6, unix, ...
-- column: protocol | tcp, udp; NULL of unix sockets
-- column: state | state of the socket
-- column: local | own address and port, or name of a unix socket
-- column: remote | the other end
-- column: unread_bytes | bytes received and not yet read
-- column: unread_packets | packets or records of these; NULL of TCP
-- column: unacknowledged_bytes | bytes that the other end has not acknowledged; NULL outside TCP
-- column: checkpoint_id | the checkpoint
-- tables: sockets, tcp_streams, processes, checkpoints
-- description: CRIU does not keep what waits in UDP sockets.

WITH held AS (
  SELECT h.checkpoint_id, h.file_id, list_sort(list(DISTINCT p.comm)) AS names
  FROM (SELECT checkpoint_id, file_id, unnest(pids) AS pid FROM sockets) h JOIN processes p ON p.checkpoint_id = h.checkpoint_id AND p.pid = h.pid
  GROUP BY h.checkpoint_id, h.file_id
)
SELECT c.pod_namespace, c.pod_name, c.container_name, s.pids, h.names, s.family, s.protocol, s.state,
       coalesce(s.name, s.local_address || ' ' || s.local_port) AS "local", CASE WHEN s.remote_port > 0 THEN s.remote_address || ' ' || s.remote_port END AS remote,
       coalesce(t.receive_queue_bytes, s.queued_bytes, 0)::BIGINT AS unread_bytes, s.queued_packets AS unread_packets, t.send_queue_bytes AS unacknowledged_bytes, s.checkpoint_id
FROM sockets s
JOIN checkpoints c ON c.checkpoint_id = s.checkpoint_id
LEFT JOIN tcp_streams t ON t.checkpoint_id = s.checkpoint_id AND t.file_id = s.file_id
LEFT JOIN held h ON h.checkpoint_id = s.checkpoint_id AND h.file_id = s.file_id
WHERE greatest(coalesce(t.receive_queue_bytes, 0), coalesce(t.send_queue_bytes, 0), coalesce(s.queued_bytes, 0)) >= $at_least_bytes
ORDER BY unread_bytes DESC, c.container_name, s.checkpoint_id, s.file_id
