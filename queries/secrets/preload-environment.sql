-- title: Preloaded code
-- question: Which processes load code by a variable that their container was not given?
-- audience: responder, security
-- severity: medium
-- attack: T1574.006 Dynamic Linker Hijacking
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: cmdline | its command line
-- column: name | name of the variable
-- column: value | its value
-- column: checkpoint_id | the checkpoint
-- key: comm, name, value
-- tables: environment, container_specs, processes, checkpoints
-- description: Start scripts that choose an allocator (jemalloc) or a library folder look the same. Under --redact env values cannot be compared: then declared ones are listed too.

WITH declared AS (
  SELECT DISTINCT checkpoint_id, unnest(env) AS entry FROM container_specs
)
SELECT e.pod_namespace, e.pod_name, e.container_name, e.image, e.pid, e.comm, e.cmdline, e.name, e.value, e.checkpoint_id
FROM environment_full e
LEFT JOIN declared d ON d.checkpoint_id = e.checkpoint_id AND d.entry = e.name || '=' || e.value
-- ld.so(8); bash(1): BASH_ENV, PROMPT_COMMAND; sh: ENV; and the like of interpreters
WHERE e.name IN ('LD_PRELOAD', 'LD_AUDIT', 'LD_LIBRARY_PATH', 'BASH_ENV', 'PROMPT_COMMAND', 'PYTHONSTARTUP', 'PERL5OPT', 'RUBYOPT', 'NODE_OPTIONS', 'JAVA_TOOL_OPTIONS')
  AND coalesce(e.value, '') <> '' AND d.entry IS NULL
ORDER BY e.container_name, e.checkpoint_id, e.pid, e.position
