-- title: Environment that differs
-- question: Which processes have other variables than their container was given?
-- audience: responder, on-call
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: change | added: not declared; changed: another value than declared; missing: declared, and not there
-- column: name | name of the variable
-- column: looks_secret | its name looks like that of a secret
-- column: checkpoint_id | the checkpoint
-- tables: environment, container_specs, processes, checkpoints
-- description: By memory against the specification; values are not shown. Variables that shells and login programs set are left out, and processes that overwrote their environment. Start scripts that export settings are found.

WITH declared AS (
  -- a name may be declared twice
  SELECT checkpoint_id, split_part(entry, '=', 1) AS name, list(substr(entry, position('=' IN entry) + 1)) AS "values"
  FROM (SELECT checkpoint_id, unnest(env) AS entry FROM container_specs) WHERE position('=' IN entry) > 0 GROUP BY 1, 2
), own AS (
  SELECT checkpoint_id, pid, name, list(value) AS "values", bool_or(sensitive) AS sensitive FROM environment WHERE value IS NOT NULL GROUP BY checkpoint_id, pid, name
), readable AS (
  -- a program that writes its title over its environment, such as nginx, has none of the declared variables there
  SELECT DISTINCT o.checkpoint_id, o.pid FROM own o JOIN declared d ON d.checkpoint_id = o.checkpoint_id AND d.name = o.name
), wanted AS (
  SELECT r.checkpoint_id, r.pid, d.name, d."values" FROM readable r JOIN declared d ON d.checkpoint_id = r.checkpoint_id
), there AS (
  SELECT o.* FROM readable r JOIN own o ON o.checkpoint_id = r.checkpoint_id AND o.pid = r.pid
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, p.pid, p.comm, CASE WHEN d.name IS NULL THEN 'added' WHEN o.name IS NULL THEN 'missing' ELSE 'changed' END AS change, coalesce(o.name, d.name) AS name,
       coalesce(o.sensitive, false) AS looks_secret, p.checkpoint_id
FROM wanted d
FULL JOIN there o ON o.checkpoint_id = d.checkpoint_id AND o.pid = d.pid AND o.name = d.name
JOIN processes p ON p.checkpoint_id = coalesce(o.checkpoint_id, d.checkpoint_id) AND p.pid = coalesce(o.pid, d.pid)
JOIN checkpoints c ON c.checkpoint_id = p.checkpoint_id
WHERE NOT coalesce(list_has_any(o."values", d."values"), false)
  -- shells and login programs set these (POSIX sh, login(1), bash(1)); runtimes set HOME; redacted values cannot be compared
  AND coalesce(o.name, d.name) NOT IN ('PWD', 'OLDPWD', 'SHLVL', '_', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'MAIL', 'TERM', 'LINES', 'COLUMNS')
ORDER BY c.container_name, p.checkpoint_id, p.pid, name
