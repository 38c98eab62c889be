-- title: Shells whose parent is a server
-- question: Which shells were started by a process that listens on the network?
-- audience: responder, security
-- severity: high
-- attack: T1505.003 Web Shell
-- attack: T1190 Exploit Public-Facing Application
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: cmdline | its command line
-- column: uid | its user, inside the container
-- column: distance | generations between the two, 1 for a child
-- column: server_pid | the process that listens
-- column: server_comm | its name
-- column: server_cmdline | its command line
-- column: checkpoint_id | the checkpoint
-- key: comm, cmdline, server_comm
-- tables: processes, sockets, checkpoints, container_specs, file_descriptors
-- uses: shells
-- description: The mark of a web shell or an exploited service. Any ancestor that holds a listening inet socket counts, unless the shell holds it too: then it started the server. A start script that begins a shell in the background and then becomes the server looks the same.

WITH RECURSIVE servers AS (
  SELECT DISTINCT checkpoint_id, unnest(pids) AS pid FROM sockets WHERE state = 'LISTEN' AND family IN ('inet', 'inet6')
), above AS (
  SELECT checkpoint_id, pid, ppid AS ancestor, 1 AS distance FROM shells
  UNION ALL
  SELECT a.checkpoint_id, a.pid, p.ppid, a.distance + 1 FROM above a JOIN processes p ON p.checkpoint_id = a.checkpoint_id AND p.pid = a.ancestor
  WHERE a.distance < 64
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, s.pid, s.comm, s.cmdline, s.uid, a.distance, v.pid AS server_pid, v.comm AS server_comm, v.cmdline AS server_cmdline, a.checkpoint_id
FROM above a
JOIN servers w ON w.checkpoint_id = a.checkpoint_id AND w.pid = a.ancestor
JOIN processes s ON s.checkpoint_id = a.checkpoint_id AND s.pid = a.pid
JOIN processes v ON v.checkpoint_id = a.checkpoint_id AND v.pid = a.ancestor
JOIN checkpoints c ON c.checkpoint_id = a.checkpoint_id
LEFT JOIN servers own ON own.checkpoint_id = a.checkpoint_id AND own.pid = a.pid
WHERE own.pid IS NULL
ORDER BY c.container_name, a.checkpoint_id, s.pid, a.distance
