-- title: One file in several containers
-- question: Which program was written into several containers?
-- audience: responder, security
-- severity: medium
-- attack: T1105 Ingress Tool Transfer
-- param: at_least BIGINT = 2 | containers that are worth a line
-- param: programs_only BOOLEAN = true | only ELF files, scripts and other executables
-- column: sha256 | SHA-256 of the content
-- column: containers | different containers
-- column: images | images of the containers
-- column: names | names of the containers
-- column: paths | paths it has
-- column: content_kind | elf, script, ...
-- column: size_bytes | size, in bytes
-- column: first_mtime | when it was first written
-- column: checkpoint_ids | the checkpoints
-- key: sha256
-- tables: filesystem_entries, ghost_files, checkpoints
-- description: Replicas of an image that unpacks a program at its start are found too: then all containers are of one image.

WITH contents AS (
  SELECT checkpoint_id, sha256, path, content_kind, size_bytes, mtime FROM filesystem_entries
  WHERE sha256 IS NOT NULL AND type = 'file' AND origin <> 'volume' AND size_bytes > 0
  UNION ALL
  SELECT checkpoint_id, sha256, paths[1] || ' (deleted)', content_kind, size_bytes, mtime FROM ghost_files WHERE sha256 IS NOT NULL AND size_bytes > 0
), shared AS (
  SELECT w.sha256, count(DISTINCT coalesce(c.container_id, c.checkpoint_id)) AS containers, list_sort(list(DISTINCT c.image)) AS images, list_sort(list(DISTINCT c.container_name)) AS names,
         list_sort(list(DISTINCT w.path)) AS paths, min(w.content_kind) AS content_kind, min(w.size_bytes) AS size_bytes, min(w.mtime) AS first_mtime, list_sort(list(DISTINCT w.checkpoint_id)) AS checkpoint_ids
  FROM contents w JOIN checkpoints c ON c.checkpoint_id = w.checkpoint_id
  WHERE NOT $programs_only OR w.content_kind IN ('elf', 'script', 'executable')
  GROUP BY w.sha256
)
SELECT * FROM shared WHERE containers >= $at_least
ORDER BY containers DESC, sha256
