-- title: Matches of YARA rules
-- question: Which rules matched where: in the memory of which processes, in which files, in what waits to be read?
-- audience: responder, security
-- column: severity | as the rule's meta section says
-- column: rule | the rule
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: origins | kinds of content: memory, shared_memory, environment, file, ghost, payload, container_log
-- column: pids | the processes, as the container sees them
-- column: comms | their names
-- column: places | files that matched or are mapped there; else kinds of mappings, or tables
-- column: matches | how many places matched
-- column: strings | strings of the rule that did
-- column: description | what the rule says it finds
-- column: namespace | file of the rule
-- column: checkpoint_id | the checkpoint
-- tables: memory_matches, processes, checkpoints
-- description: Needs an export with --scan. Rules match what is named, not only what is done: a scanner, a shell's history or a page of documentation in memory matches too. memory_matches has each place.

SELECT nullif(regexp_extract(m.meta, '"severity":"(\w*)"', 1), '') AS severity, m.rule, c.pod_namespace, c.pod_name, c.container_name, c.image,
       list_sort(list(DISTINCT m.origin)) AS origins, list_sort(list(DISTINCT m.pid) FILTER (WHERE m.pid IS NOT NULL)) AS pids,
       list_sort(list(DISTINCT p.comm) FILTER (WHERE p.comm IS NOT NULL)) AS comms,
       list_sort(list(DISTINCT coalesce(m.path, m.mapping_kind, m.source_table)) FILTER (WHERE coalesce(m.path, m.mapping_kind, m.source_table) IS NOT NULL)) AS places,
       count(*) AS matches, list_sort(list(DISTINCT m.string_id) FILTER (WHERE m.string_id IS NOT NULL)) AS strings,
       any_value(nullif(regexp_extract(m.meta, '"description":"((?:[^"\\]|\\.)*)"', 1), '')) AS description, m.namespace, m.checkpoint_id
FROM memory_matches m
JOIN checkpoints c ON c.checkpoint_id = m.checkpoint_id
LEFT JOIN processes p ON p.checkpoint_id = m.checkpoint_id AND p.pid = m.pid
GROUP BY severity, m.rule, c.pod_namespace, c.pod_name, c.container_name, c.image, m.namespace, m.checkpoint_id
ORDER BY coalesce(list_position(['high', 'medium', 'low'], severity), 4), m.rule, c.container_name, m.checkpoint_id, m.namespace, severity
