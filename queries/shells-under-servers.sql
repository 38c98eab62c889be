-- title: Shells whose parent is a server
-- question: Which shells were started by a process that listens on the network?
-- description: The mark of a web shell or an exploited service. Any ancestor that holds a listening inet socket counts, unless the shell holds it too: then it started the server.
-- tables: processes, sockets, checkpoints
WITH RECURSIVE servers AS (
  SELECT DISTINCT checkpoint_id, unnest(pids) AS pid FROM sockets WHERE state = 'LISTEN' AND family IN ('inet', 'inet6')
), above AS (
  SELECT checkpoint_id, pid, ppid AS ancestor, 1 AS distance FROM processes
  WHERE regexp_matches(coalesce(regexp_extract(exe, '[^/]*$'), '') || ' ' || comm || ' ' || coalesce(regexp_extract(argv[1], '[^/]*$'), ''), '(^| )-?(sh|bash|dash|ash|zsh|ksh|fish|csh|tcsh)( |$)')
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
WHERE NOT EXISTS (FROM servers own WHERE own.checkpoint_id = a.checkpoint_id AND own.pid = a.pid)
ORDER BY c.container_name, a.checkpoint_id, s.pid, a.distance
