-- title: Established connections
-- question: Which TCP connections were open, and who was at the other end?
-- audience: responder, on-call
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: state | ESTABLISHED, CLOSE_WAIT, ...
-- column: local_address | own address
-- column: local_port | own port
-- column: remote_address | address at the other end
-- column: remote_port | port at the other end
-- column: peer_container_name | container of the process at the other end, where that is in the fleet
-- column: peer_pid | the process there
-- column: peer_comm | its name
-- column: checkpoint_id | the checkpoint
-- tables: sockets, processes, checkpoints
-- uses: connections

SELECT pod_namespace, pod_name, container_name, pid, comm, state, local_address, local_port, remote_address, remote_port, peer_container_name, peer_pid, peer_comm, checkpoint_id
FROM connections
WHERE protocol = 'tcp'
ORDER BY container_name, checkpoint_id, local_port, remote_port, pid, peer_pid, remote_address, local_address, state, peer_container_name, peer_comm
