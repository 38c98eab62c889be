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

SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, f.path, f.type, to_base(f.mode::BIGINT, 8, 4) AS mode, f.is_setuid, f.size_bytes, f.mtime, f.link_target, f.sha256, f.checkpoint_id
FROM filesystem_entries f JOIN checkpoints c USING (checkpoint_id)
WHERE f.origin = 'rootfs_diff' AND f.change = 'written' AND f.type <> 'directory'
  AND regexp_matches(f.path, '^/(bin|sbin|lib|lib32|lib64|usr|etc|boot|root)/')
  AND NOT (f.path IN ('/etc/hostname', '/etc/hosts', '/etc/resolv.conf') AND coalesce(f.size_bytes, 0) = 0)
  AND NOT (f.path = '/etc/mtab' AND f.type = 'symlink')
ORDER BY c.container_name, f.checkpoint_id, f.path
