-- title: Code unlike that of replicas
-- question: Which process has a page of code in memory that differs from the same page in other containers of its image?
-- audience: responder, security
-- severity: high
-- attack: T1055 Process Injection
-- param: at_least BIGINT = 3 | containers that have the page and are needed to speak of most
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: path | the file that the page is of
-- column: file_offset | offset of the page in the file, in bytes
-- column: address | its address, in hexadecimal
-- column: sha256 | SHA-256 of the page
-- column: same | containers that have the page with this content
-- column: replicas | containers of the image that have the page at all
-- column: checkpoint_id | the checkpoint
-- memory: pages
-- key: path, file_offset, sha256
-- tables: memory_pages, checkpoints
-- description: A checkpoint has only pages of code that were written to: CRIU's own, which are as in the file again, and those that something changed. Programs with text relocations, and debuggers, change code by design.

WITH code AS (
  SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, coalesce(c.image_id, c.image) AS image_key, coalesce(c.container_id, c.checkpoint_id) AS container,
         p.pid, p.path, p.file_offset, p.address, p.sha256, p.checkpoint_id
  FROM memory_pages p JOIN checkpoints c ON c.checkpoint_id = p.checkpoint_id
  WHERE p.mapping_kind = 'file' AND p.perms LIKE '__x%' AND coalesce(c.image_id, c.image) IS NOT NULL
), contents AS (
  SELECT image_key, path, file_offset, sha256, count(DISTINCT container) AS same FROM code GROUP BY image_key, path, file_offset, sha256
), places AS (
  SELECT image_key, path, file_offset, count(DISTINCT container) AS replicas FROM code GROUP BY image_key, path, file_offset
)
SELECT o.pod_namespace, o.pod_name, o.container_name, o.image, o.pid, o.path, o.file_offset, lower(hex(o.address)) AS address, o.sha256, s.same, r.replicas, o.checkpoint_id
FROM code o
JOIN contents s ON s.image_key = o.image_key AND s.path = o.path AND s.file_offset = o.file_offset AND s.sha256 = o.sha256
JOIN places r ON r.image_key = o.image_key AND r.path = o.path AND r.file_offset = o.file_offset
WHERE r.replicas >= $at_least AND s.same * 2 < r.replicas
ORDER BY o.image, o.path, o.file_offset, o.container_name, o.checkpoint_id, o.pid, o.address
