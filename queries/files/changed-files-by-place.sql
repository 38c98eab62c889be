-- title: Changed files by place
-- question: How much has each container written, and where?
-- audience: on-call, responder
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: place | folder: the first two names of the path
-- column: origin | rootfs_diff, tmpfs, devshm or volume
-- column: written | files that were written
-- column: deleted | files of the image that were deleted
-- column: programs | ELF files and scripts among the written
-- column: bytes | size of the written, in bytes
-- column: newest | when the last of them was written
-- column: checkpoint_id | the checkpoint
-- tables: filesystem_entries, checkpoints
-- description: Changes of directories are left out, and what engines put into /dev.

SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, coalesce(nullif(f.folder, ''), '/') AS place, f.origin,
       count(*) FILTER (f.change IS DISTINCT FROM 'deleted') AS written, count(*) FILTER (f.change = 'deleted') AS deleted,
       count(*) FILTER (f.content_kind IN ('elf', 'script', 'executable')) AS programs, coalesce(sum(f.size_bytes), 0)::BIGINT AS bytes, max(f.mtime) AS newest, f.checkpoint_id
FROM (SELECT *, regexp_extract(path, '^(/[^/]+(/[^/]+)?)/', 1) AS folder FROM filesystem_entries) f
JOIN checkpoints c ON c.checkpoint_id = f.checkpoint_id
WHERE f.path IS NOT NULL AND f.type IS DISTINCT FROM 'directory' AND NOT (f.origin = 'tmpfs' AND f.path LIKE '/dev/%')
GROUP BY c.pod_namespace, c.pod_name, c.container_name, c.image, place, f.origin, f.checkpoint_id
ORDER BY c.container_name, f.checkpoint_id, bytes DESC, place, f.origin
