-- title: Listening sockets
-- question: What can be connected to, and which process answers?
-- description: TCP and unix sockets that listen, and UDP sockets that are bound and not connected. A line per process that holds the socket.
-- tables: sockets, processes, checkpoints
SELECT s.checkpoint_id, c.pod_namespace, c.pod_name, c.container_name, c.image, s.family, s.protocol, s.local_address, s.local_port, s.name,
       h.pid, p.comm, p.cmdline, p.uid, s.file_id, s.inode
FROM sockets s
JOIN checkpoints c USING (checkpoint_id)
LEFT JOIN (SELECT checkpoint_id, file_id, unnest(pids) AS pid FROM sockets) h USING (checkpoint_id, file_id)
LEFT JOIN processes p ON p.checkpoint_id = s.checkpoint_id AND p.pid = h.pid
WHERE s.state = 'LISTEN' OR (s.protocol = 'udp' AND s.state = 'CLOSE' AND s.local_port > 0)
