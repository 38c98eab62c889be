-- title: Connections
-- question: Who talks to whom?
-- audience: responder, on-call
-- column: checkpoint_id | the checkpoint
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: cmdline | its command line
-- column: protocol | tcp or udp
-- column: state | ESTABLISHED, CLOSE_WAIT, ...
-- column: local_address | own address
-- column: local_port | own port
-- column: remote_address | address at the other end
-- column: remote_port | port at the other end
-- column: peer_checkpoint_id | checkpoint of the process at the other end, where that is in the fleet
-- column: peer_container_name | its container
-- column: peer_pid | the process there
-- column: peer_comm | its name
-- column: file_id | the socket in files and sockets
-- column: inode | inode of the socket
-- tables: sockets, processes, checkpoints
-- description: A line per established TCP connection or connected UDP socket and process that holds it, with the process at the other end where that is in the fleet. Ends on a loopback address are looked for in the same checkpoint only.

WITH ends AS (
  SELECT s.checkpoint_id, s.file_id, s.inode, s.protocol, s.state, s.local_address, s.local_port, s.remote_address, s.remote_port, unnest(s.pids) AS pid,
         -- a loopback address means something in its own checkpoint only
         CASE WHEN s.local_address LIKE '127.%' OR s.local_address = '::1' OR s.local_address LIKE '::ffff:127.%' THEN s.checkpoint_id ELSE '' END AS scope,
         replace(s.local_address, '::ffff:', '') || ' ' || s.local_port AS here, replace(s.remote_address, '::ffff:', '') || ' ' || s.remote_port AS there
  FROM sockets s
  WHERE s.family IN ('inet', 'inet6') AND s.remote_port > 0 AND s.state <> 'LISTEN'
)
SELECT e.checkpoint_id, c.pod_namespace, c.pod_name, c.container_name, e.pid, p.comm, p.cmdline, e.protocol, e.state,
       e.local_address, e.local_port, e.remote_address, e.remote_port,
       o.checkpoint_id AS peer_checkpoint_id, oc.container_name AS peer_container_name, o.pid AS peer_pid, op.comm AS peer_comm, e.file_id, e.inode
FROM ends e
JOIN checkpoints c ON c.checkpoint_id = e.checkpoint_id
LEFT JOIN processes p ON p.checkpoint_id = e.checkpoint_id AND p.pid = e.pid
LEFT JOIN ends o ON o.here = e.there AND o.there = e.here AND o.protocol = e.protocol AND o.scope = e.scope
LEFT JOIN checkpoints oc ON oc.checkpoint_id = o.checkpoint_id
LEFT JOIN processes op ON op.checkpoint_id = o.checkpoint_id AND op.pid = o.pid
ORDER BY c.container_name, e.checkpoint_id, e.local_port, e.remote_address, e.remote_port, e.pid, e.file_id, peer_checkpoint_id, peer_pid
