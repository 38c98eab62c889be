-- title: Established connections
-- question: Which TCP connections were open, and who was at the other end?
-- tables: sockets, processes, checkpoints
SELECT pod_namespace, pod_name, container_name, pid, comm, state, local_address, local_port, remote_address, remote_port, peer_container_name, peer_pid, peer_comm, checkpoint_id
FROM connections
WHERE protocol = 'tcp'
ORDER BY container_name, checkpoint_id, local_port, remote_port, pid
