-- title: Listening ports
-- question: Which ports are open, and which program holds them?
-- tables: sockets, processes, checkpoints
SELECT pod_namespace, pod_name, container_name, image, protocol, local_address, local_port, pid, comm, cmdline, uid, checkpoint_id
FROM listening
WHERE family IN ('inet', 'inet6')
ORDER BY local_port, container_name, checkpoint_id, pid
