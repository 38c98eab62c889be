-- title: Setuid files added
-- question: Which files that give the rights of another user, or capabilities, were added to a container?
-- audience: responder, security
-- severity: high
-- attack: T1548.001 Setuid and Setgid
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: path | path inside the container
-- column: origin | where it was written: rootfs_diff, tmpfs, devshm, volume
-- column: mode | permission bits, octal
-- column: is_setuid | it runs as its owner
-- column: is_setgid | it runs as its group
-- column: uid | its owner
-- column: gid | its group
-- column: file_capabilities | capabilities that it gives, as getcap shows them
-- column: size_bytes | size, in bytes
-- column: sha256 | SHA-256 of the content
-- column: mtime | when it was last written
-- column: checkpoint_id | the checkpoint
-- key: path, origin, is_setuid, is_setgid, file_capabilities, sha256
-- tables: filesystem_entries, checkpoints
-- description: A package that was installed into the running container brings such files too.

SELECT pod_namespace, pod_name, container_name, image, path, origin, to_base(mode::BIGINT, 8, 4) AS mode, is_setuid, is_setgid, uid, gid, file_capabilities, size_bytes, sha256, mtime, checkpoint_id
FROM filesystem_entries_full
-- of folders the bits mean other things, of a symbolic link nothing; setgid counts only with the right to execute by the group (inode(7))
WHERE change IS DISTINCT FROM 'deleted' AND type IN ('file', 'hardlink')
  AND (is_setuid OR is_setgid AND mode & 8 <> 0 OR file_capabilities IS NOT NULL)
ORDER BY container_name, checkpoint_id, path, member, position
