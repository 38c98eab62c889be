-- title: One-liners
-- question: Which interpreters run code from their command line, that the container was not started with?
-- audience: responder, security
-- severity: medium
-- attack: T1059.004 Unix Shell
-- attack: T1059.006 Python
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: parent_comm | name of the parent
-- column: comm | name of the process
-- column: code | what stands behind the option, 200 characters of it
-- column: cmdline | its command line
-- column: uid | its user, inside the container
-- column: checkpoint_id | the checkpoint
-- key: comm, code
-- tables: processes, checkpoints, container_specs
-- description: The command line that the specification asks for is left out, also in subshells, which have it too. Health checks, and programs that start others by a shell, look the same.

WITH candidates AS (
  -- busybox is what it is called as
  SELECT p.*, CASE WHEN regexp_matches(p.exe, '/(busybox|toybox)$') THEN ltrim(regexp_extract(p.argv[1], '[^/]*$'), '-') ELSE regexp_extract(coalesce(p.exe, p.comm), '[^/]*$') END AS program
  FROM processes p WHERE len(p.argv) >= 3
), matched AS (
  SELECT *, CASE
      -- the first argument may be other options, in which the letter may stand too: sh -ec, python -Ic
      WHEN regexp_matches(program, '^(sh|bash|dash|ash|zsh|ksh|mksh|fish)[0-9.]*$') THEN regexp_matches(argv[2], '^-[a-z]*c$')
      WHEN regexp_matches(program, '^(python|pypy)[0-9.]*$') THEN regexp_matches(argv[2], '^-[A-Za-z]*c$')
      WHEN regexp_matches(program, '^(perl|ruby)[0-9.]*$') THEN regexp_matches(argv[2], '^-[A-Za-z]*[eE]$')
      WHEN regexp_matches(program, '^(node|nodejs|bun)$') THEN argv[2] IN ('-e', '-p', '-pe', '--eval', '--print')
      WHEN regexp_matches(program, '^php[0-9.]*$') THEN argv[2] = '-r'
      WHEN regexp_matches(program, '^lua(jit)?[0-9.]*$') THEN argv[2] = '-e'
      ELSE false END AS matches
  FROM candidates
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, m.pid, parent.comm AS parent_comm, m.comm, m.argv[3][:200] AS code, m.cmdline, m.uid, m.checkpoint_id
FROM matched m
JOIN checkpoints c ON c.checkpoint_id = m.checkpoint_id
LEFT JOIN container_specs s ON s.checkpoint_id = m.checkpoint_id
LEFT JOIN processes parent ON parent.checkpoint_id = m.checkpoint_id AND parent.pid = m.ppid
WHERE m.matches AND m.argv IS DISTINCT FROM s.args
ORDER BY c.container_name, m.checkpoint_id, m.pid
