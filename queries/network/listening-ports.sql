-- title: Listening ports
-- question: Which ports are open, and which program holds them?
-- audience: responder, on-call, security
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
-- column: uid | its user, inside the container
-- column: checkpoint_id | the checkpoint
-- tables: sockets, processes, checkpoints
-- uses: listening

SELECT pod_namespace, pod_name, container_name, image, protocol, local_address, local_port, pid, comm, cmdline, uid, checkpoint_id
FROM listening
WHERE family IN ('inet', 'inet6')
ORDER BY local_port, container_name, checkpoint_id, pid, protocol, local_address
