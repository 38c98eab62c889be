-- title: Listening sockets
-- question: What can be connected to, and which process answers?
-- audience: responder, on-call, security
-- column: checkpoint_id | the checkpoint
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: family | inet, inet6 or unix
-- column: protocol | tcp, udp; NULL of unix sockets
-- column: local_address | address it listens on
-- column: local_port | port
-- column: name | of unix sockets: path, or @ and a name
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: cmdline | its command line
-- column: uid | its user, inside the container
-- column: file_id | the socket in files and sockets
-- column: inode | inode of the socket
-- tables: sockets, processes, checkpoints
-- description: TCP and unix sockets that listen, and UDP sockets that are bound and not connected. A line per process that holds the socket.

SELECT s.checkpoint_id, c.pod_namespace, c.pod_name, c.container_name, c.image, s.family, s.protocol, s.local_address, s.local_port, s.name,
       h.pid, p.comm, p.cmdline, p.uid, s.file_id, s.inode
FROM sockets s
JOIN checkpoints c USING (checkpoint_id)
LEFT JOIN (SELECT checkpoint_id, file_id, unnest(pids) AS pid FROM sockets) h USING (checkpoint_id, file_id)
LEFT JOIN processes p ON p.checkpoint_id = s.checkpoint_id AND p.pid = h.pid
WHERE s.state = 'LISTEN' OR (s.protocol = 'udp' AND s.state = 'CLOSE' AND s.local_port > 0)
ORDER BY c.container_name, s.checkpoint_id, s.local_port, s.protocol, s.local_address, s.name, h.pid, s.file_id
