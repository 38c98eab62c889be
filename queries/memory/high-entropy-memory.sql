-- title: Memory of high entropy
-- question: Where does memory look compressed, encrypted or random?
-- audience: responder, security
-- severity: info
-- attack: T1027 Obfuscated Files or Information
-- param: at_least_entropy DOUBLE = 7.5 | bits per byte of each page
-- param: at_least_pages BIGINT = 16 | pages of a region
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it; NULL in a shared object
-- column: shmem_id | the shared object
-- column: mapping_kind | kind of memory
-- column: perms | as in /proc/PID/maps
-- column: path | file or memfd
-- column: start_address | of the region, in hexadecimal; in a shared object, the offset
-- column: pages | pages of the region
-- column: mean_entropy | mean of their entropy, in bits per byte
-- column: checkpoint_id | the checkpoint
-- memory: pages
-- key: mapping_kind, perms, path
-- tables: memory_pages, checkpoints
-- description: A region is pages of one mapping without a gap between them. Buffers of TLS, images, compressed files and random keys are like that by nature; packed programs and what ransomware wrote are too.

WITH high AS (
  SELECT p.checkpoint_id, p.pid, p.shmem_id, p.mapping_kind, p.perms, p.path, p.address, p.entropy, c.page_size,
         -- pages without a gap have one value in this
         p.address // c.page_size - row_number() OVER (PARTITION BY p.checkpoint_id, p.pid, p.shmem_id, p.mapping_kind, p.perms, p.path ORDER BY p.address) AS region
  FROM memory_pages p JOIN checkpoints c ON c.checkpoint_id = p.checkpoint_id
  WHERE p.entropy >= $at_least_entropy
), regions AS (
  SELECT checkpoint_id, pid, shmem_id, mapping_kind, perms, path, min(address) AS start, count(*) AS pages, round(avg(entropy), 3) AS mean_entropy
  FROM high GROUP BY checkpoint_id, pid, shmem_id, mapping_kind, perms, path, region
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, r.pid, r.shmem_id, r.mapping_kind, r.perms, r.path, lower(hex(r.start)) AS start_address, r.pages, r.mean_entropy, r.checkpoint_id
FROM regions r JOIN checkpoints c ON c.checkpoint_id = r.checkpoint_id
WHERE r.pages >= $at_least_pages
ORDER BY r.pages DESC, c.container_name, r.checkpoint_id, r.pid, r.start, r.shmem_id
