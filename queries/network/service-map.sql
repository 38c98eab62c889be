-- title: Service map
-- question: Which container uses which service?
-- audience: on-call, platform, responder
-- column: from_namespace | Kubernetes namespace of the client
-- column: from_container | container of the client
-- column: from_programs | names of its processes
-- column: protocol | tcp or udp
-- column: to_namespace | Kubernetes namespace of the server; NULL where it is not in the fleet
-- column: to_container | container of the server; NULL where it is not in the fleet
-- column: to_address | its address
-- column: to_port | its port
-- column: to_programs | names of the processes that answer
-- column: is_internal | both are one container
-- column: connections | connections
-- column: checkpoints | checkpoints of the client that show them
-- tables: sockets, processes, checkpoints
-- uses: listening, connections
-- description: By open connections at the time of the checkpoints, as the client sees them. What goes through the address of a Kubernetes service has that address.

-- an end is the server's where a socket listens on its port
WITH served AS (
  SELECT DISTINCT checkpoint_id, protocol, local_port FROM listening WHERE family IN ('inet', 'inet6')
), ends AS (
  SELECT k.*, own.local_port IS NOT NULL AS is_server FROM connections k
  LEFT JOIN served own ON own.checkpoint_id = k.checkpoint_id AND own.protocol = k.protocol AND own.local_port = k.local_port
)
SELECT e.pod_namespace AS from_namespace, e.container_name AS from_container, list_sort(list(DISTINCT e.comm)) AS from_programs, e.protocol,
       pc.pod_namespace AS to_namespace, e.peer_container_name AS to_container, e.remote_address AS to_address, e.remote_port AS to_port,
       list_sort(list(DISTINCT e.peer_comm) FILTER (e.peer_comm IS NOT NULL)) AS to_programs, coalesce(bool_or(e.peer_checkpoint_id = e.checkpoint_id), false) AS is_internal,
       count(DISTINCT e.checkpoint_id || ' ' || e.file_id) AS connections, count(DISTINCT e.checkpoint_id) AS checkpoints
FROM ends e LEFT JOIN checkpoints pc ON pc.checkpoint_id = e.peer_checkpoint_id
WHERE NOT e.is_server
GROUP BY e.pod_namespace, e.container_name, e.protocol, pc.pod_namespace, e.peer_container_name, e.remote_address, e.remote_port
ORDER BY from_namespace, from_container, to_container, to_address, to_port, e.protocol, to_namespace
