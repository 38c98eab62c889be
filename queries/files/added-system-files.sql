-- title: Files added under system folders
-- question: Which files under /bin, /sbin, /lib, /usr, /etc, /boot and /root were added or changed since the container was created?
-- audience: responder, security
-- severity: medium
-- attack: T1105 Ingress Tool Transfer
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: path | path inside the container
-- column: type | file, symlink, hardlink, fifo, ...
-- column: mode | permission bits, octal
-- column: is_setuid | it runs as its owner
-- column: size_bytes | size, in bytes
-- column: mtime | when it was last written
-- column: link_target | target of a link
-- column: sha256 | SHA-256 of the content
-- column: checkpoint_id | the checkpoint
-- key: path, type, is_setuid, link_target, sha256
-- tables: filesystem_entries, checkpoints
-- description: Files that engines themselves write into every container are left out: empty /etc/hostname, hosts and resolv.conf, and the link /etc/mtab. Entry points that write their configuration, and Podman, which adds a missing user to /etc/passwd and /etc/group, are found.

SELECT pod_namespace, pod_name, container_name, image, path, type, to_base(mode::BIGINT, 8, 4) AS mode, is_setuid, size_bytes, mtime, link_target, sha256, checkpoint_id
FROM filesystem_entries_full
WHERE origin = 'rootfs_diff' AND change = 'written' AND type <> 'directory'
  AND regexp_matches(path, '^/(bin|sbin|lib|lib32|lib64|usr|etc|boot|root)/')
  AND NOT (path IN ('/etc/hostname', '/etc/hosts', '/etc/resolv.conf') AND coalesce(size_bytes, 0) = 0)
  AND NOT (path = '/etc/mtab' AND type = 'symlink')
ORDER BY container_name, checkpoint_id, path, member, position
