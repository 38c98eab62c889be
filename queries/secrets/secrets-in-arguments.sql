-- title: Secrets on command lines
-- question: Which command lines hold a password or token, for every user to see?
-- audience: responder, security
-- severity: medium
-- attack: T1552 Unsecured Credentials
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: uid | its user, inside the container
-- column: option | the option before the secret, without it
-- column: value_length | length of the secret, in characters
-- column: checkpoint_id | the checkpoint
-- key: comm, option
-- tables: processes, checkpoints
-- description: By the names of options, and by addresses with a password. The secret itself is not shown; ckexport query OUT "FROM processes" has the command line.

WITH arguments AS (
  SELECT checkpoint_id, pid, unnest(argv) AS argument, unnest(list_concat(argv[2:], [NULL])) AS following FROM processes WHERE len(argv) > 1
), found AS (
  SELECT checkpoint_id, pid, regexp_extract(argument, '^(-{0,2}([a-z0-9_-]*(password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)))=.', 1, 'i') AS option, argument[length(regexp_extract(argument, '^[^=]*=')) + 1:] AS value
  FROM arguments WHERE regexp_matches(argument, '^-{0,2}([a-z0-9_-]*(password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?))=.', 'i')
  UNION ALL
  SELECT checkpoint_id, pid, argument, following FROM arguments WHERE regexp_matches(argument, '^--?([a-z0-9_-]*(password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?))$', 'i') AND following <> '' AND following NOT LIKE '-%'
  UNION ALL
  SELECT checkpoint_id, pid, regexp_extract(argument, '^([a-z][a-z0-9+.-]*)://[^/:@ ]*:[^/@ ]+@', 1, 'i') || '://', regexp_extract(argument, '://[^/:@ ]*:([^/@ ]+)@', 1)
  FROM arguments WHERE regexp_matches(argument, '^[a-z][a-z0-9+.-]*://[^/:@ ]*:[^/@ ]+@', 'i')
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, f.pid, p.comm, p.uid, f.option, length(f.value) AS value_length, f.checkpoint_id
FROM found f
JOIN checkpoints c ON c.checkpoint_id = f.checkpoint_id
JOIN processes p ON p.checkpoint_id = f.checkpoint_id AND p.pid = f.pid
-- the path of a file that has the secret is none
WHERE NOT regexp_matches(f.value, '^(/|[.]/|file:|@)')
ORDER BY c.container_name, f.checkpoint_id, f.pid, f.option, value_length
