-- title: Pages in unrelated workloads
-- question: Which page of memory do containers of different images have in common?
-- audience: responder, security
-- severity: low
-- attack: T1055 Process Injection
-- param: at_least BIGINT = 2 | images that are worth a line
-- param: at_least_entropy DOUBLE = 4 | bits per byte: pages with less are tables, lists and the like, which come out the same by chance
-- column: sha256 | SHA-256 of the page
-- column: entropy | its entropy, in bits per byte
-- column: images | different images that it is found in
-- column: workloads | different Kubernetes namespaces and pods, or containers outside Kubernetes
-- column: pages | how often it is there
-- column: mapping_kinds | kinds of memory that it is in
-- column: perms | of the mappings
-- column: image_names | some of the images
-- column: container_names | some of the containers
-- column: checkpoint_ids | some of their checkpoints
-- memory: pages
-- key: sha256
-- tables: memory_pages, checkpoints
-- description: Pages of files and of the vDSO are left out: images share programs and libraries. So are pages of zeros, of one byte again and again, and what only containers of one image have. What is left is the same data or code in places that should have nothing in common, or what one library makes at its start.

WITH placed AS (
  SELECT p.sha256, p.entropy, p.mapping_kind, p.perms, p.checkpoint_id, c.container_name, coalesce(c.image_id, c.image, c.checkpoint_id) AS image_key, coalesce(c.image, c.image_id) AS image,
         coalesce(c.pod_namespace || '/' || c.pod_name, c.container_id, c.checkpoint_id) AS workload
  FROM memory_pages p JOIN checkpoints c ON c.checkpoint_id = p.checkpoint_id
  WHERE p.entropy >= $at_least_entropy AND p.entropy > 0 AND p.mapping_kind NOT IN ('file', 'device', 'vdso', 'vvar', 'vsyscall')
), several AS (
  SELECT sha256 FROM placed GROUP BY sha256 HAVING min(image_key) < max(image_key)
)
SELECT * FROM (
  SELECT sha256, any_value(entropy) AS entropy, count(DISTINCT image_key) AS images, count(DISTINCT workload) AS workloads, count(*) AS pages, list_sort(list(DISTINCT mapping_kind)) AS mapping_kinds,
         list_sort(list(DISTINCT perms)) AS perms, list_sort(list(DISTINCT image))[:10] AS image_names, list_sort(list(DISTINCT container_name))[:10] AS container_names,
         list_sort(list(DISTINCT checkpoint_id))[:10] AS checkpoint_ids
  FROM placed WHERE sha256 IN (FROM several) GROUP BY sha256
) WHERE images >= $at_least
ORDER BY images DESC, workloads DESC, sha256
