-- title: Reverse shells
-- question: Which processes have a network connection as standard input and output?
-- audience: responder, security
-- severity: high
-- attack: T1059.004 Unix Shell
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: cmdline | its command line
-- column: uid | its user, inside the container
-- column: fds | descriptors among 0, 1 and 2 that are the connection
-- column: local_address | own address
-- column: local_port | own port
-- column: remote_address | address at the other end
-- column: remote_port | port at the other end
-- column: checkpoint_id | the checkpoint
-- key: comm, remote_address
-- tables: file_descriptors, sockets, processes, checkpoints
-- description: Standard input and at least one of output and error on the same connected inet socket. Programs started by inetd look the same.

SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, d.pid, any_value(p.comm) AS comm, any_value(p.cmdline) AS cmdline, any_value(p.uid) AS uid,
       list_sort(list(d.fd)) AS fds, any_value(s.local_address) AS local_address, any_value(s.local_port) AS local_port,
       any_value(s.remote_address) AS remote_address, any_value(s.remote_port) AS remote_port, d.checkpoint_id
FROM file_descriptors d
JOIN sockets s ON s.checkpoint_id = d.checkpoint_id AND s.file_id = d.file_id
JOIN processes p ON p.checkpoint_id = d.checkpoint_id AND p.pid = d.pid
JOIN checkpoints c ON c.checkpoint_id = d.checkpoint_id
WHERE d.fd IN (0, 1, 2) AND s.family IN ('inet', 'inet6') AND s.remote_port > 0
GROUP BY c.pod_namespace, c.pod_name, c.container_name, c.image, d.checkpoint_id, d.pid, d.file_id
HAVING bool_or(d.fd = 0) AND count(*) >= 2
ORDER BY c.container_name, d.checkpoint_id, d.pid, d.file_id
