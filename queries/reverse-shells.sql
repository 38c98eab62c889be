-- title: Reverse shells
-- question: Which processes have a network connection as standard input and output?
-- description: Standard input and at least one of output and error on the same connected inet socket. Programs started by inetd look the same.
-- tables: file_descriptors, sockets, processes, checkpoints
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
ORDER BY c.container_name, d.checkpoint_id, d.pid
