-- title: Same remote from several namespaces
-- question: Which addresses outside the fleet do unrelated workloads talk to?
-- audience: responder, security
-- severity: low
-- attack: T1071 Application Layer Protocol
-- param: at_least BIGINT = 2 | namespaces, or containers outside Kubernetes, that are worth a line
-- param: public_only BOOLEAN = true | leave out private addresses, where shared databases are
-- column: remote_address | address outside the fleet
-- column: remote_ports | its ports
-- column: workloads | different Kubernetes namespaces, or containers outside Kubernetes
-- column: names | their names
-- column: programs | names of the processes
-- column: images | images of their containers
-- column: connections | connections
-- column: checkpoint_ids | the checkpoints
-- key: remote_address
-- tables: sockets, processes, checkpoints
-- uses: connections
-- description: A command server, or a mirror and a public API that many use.

WITH outside AS (
  SELECT k.*, c.image, coalesce(k.pod_namespace, k.container_name, k.checkpoint_id) AS workload, replace(k.remote_address, '::ffff:', '') AS remote
  FROM connections k JOIN checkpoints c ON c.checkpoint_id = k.checkpoint_id
  WHERE k.peer_checkpoint_id IS NULL
), remotes AS (
  SELECT remote AS remote_address, list_sort(list(DISTINCT remote_port)) AS remote_ports, count(DISTINCT workload) AS workloads, list_sort(list(DISTINCT workload)) AS names,
         list_sort(list(DISTINCT comm)) AS programs, list_sort(list(DISTINCT image)) AS images, count(DISTINCT checkpoint_id || ' ' || file_id) AS connections, list_sort(list(DISTINCT checkpoint_id)) AS checkpoint_ids
  FROM outside
  -- not the Internet: RFC 1122, 1918, 3927, 5771, 6598; RFC 4193, 4291
  WHERE NOT ($public_only AND regexp_matches(remote, '^(0|10|127)[.]|^169[.]254[.]|^192[.]168[.]|^172[.](1[6-9]|2[0-9]|3[01])[.]|^100[.](6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])[.]' ||
    '|^22[4-9][.]|^23[0-9][.]|^::1?$|^f[cd]|^fe[89ab]|^ff')) AND NOT regexp_matches(remote, '^127[.]|^::1?$|^0[.]')
  GROUP BY remote
)
SELECT * FROM remotes WHERE workloads >= $at_least
ORDER BY workloads DESC, remote_address
