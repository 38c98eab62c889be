-- title: Footholds
-- question: Which files were written that start programs, let users in, or load code into all programs?
-- audience: responder, security
-- severity: high
-- attack: T1136.001 Local Account
-- attack: T1098.004 SSH Authorized Keys
-- attack: T1053.003 Cron
-- attack: T1543.002 Systemd Service
-- attack: T1546.004 Unix Shell Configuration Modification
-- attack: T1574.006 Dynamic Linker Hijacking
-- attack: T1556.003 Pluggable Authentication Modules
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: kind | account, ssh key, scheduled task, service, shell start-up, library preload, login module
-- column: technique | id of the technique of MITRE ATT&CK
-- column: path | path inside the container
-- column: change | written or deleted
-- column: mode | permission bits, octal
-- column: size_bytes | size, in bytes
-- column: sha256 | SHA-256 of the content
-- column: mtime | when it was last written
-- column: checkpoint_id | the checkpoint
-- key: kind, path, change, sha256
-- tables: filesystem_entries, container_specs, checkpoints
-- description: Entry points that make a user for the id they are started with, or install a package, are found too.

WITH marked AS (
  SELECT *, CASE
      WHEN regexp_matches(path, '^/etc/(passwd|shadow|group|gshadow|sudoers|doas[.]conf)$|^/etc/sudoers[.]d/') THEN 'account'
      WHEN regexp_matches(path, '/[.]ssh/(authorized_keys2?|rc|environment)$|^/etc/ssh/sshd_config') THEN 'ssh key'
      WHEN regexp_matches(path, '^/etc/(cron|anacrontab)|^/var/spool/(cron|anacron|at)/') THEN 'scheduled task'
      WHEN regexp_matches(path, '^/(etc|usr/lib|lib)/systemd/|^/etc/(init[.]d/|rc[.]local|inittab)') THEN 'service'
      WHEN regexp_matches(path, '^/etc/(profile|bash[.]bashrc|zsh/|environment$)|/[.](bashrc|bash_profile|bash_login|profile|zshrc|zprofile|kshrc)$') THEN 'shell start-up'
      WHEN regexp_matches(path, '^/etc/ld[.]so[.](preload$|conf)') THEN 'library preload'
      WHEN regexp_matches(path, '^/etc/pam[.](d/|conf)|/security/pam_[^/]*[.]so$|^/etc/nsswitch[.]conf$') THEN 'login module'
    END AS mark
  FROM filesystem_entries
  WHERE origin = 'rootfs_diff' AND type IS DISTINCT FROM 'directory'
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, m.mark AS kind,
       CASE m.mark WHEN 'account' THEN 'T1136.001' WHEN 'ssh key' THEN 'T1098.004' WHEN 'scheduled task' THEN 'T1053.003' WHEN 'service' THEN 'T1543.002'
         WHEN 'shell start-up' THEN 'T1546.004' WHEN 'library preload' THEN 'T1574.006' ELSE 'T1556.003' END AS technique,
       m.path, m.change, to_base(m.mode::BIGINT, 8, 4) AS mode, m.size_bytes, m.sha256, m.mtime, m.checkpoint_id
FROM marked m
JOIN checkpoints c ON c.checkpoint_id = m.checkpoint_id
LEFT JOIN container_specs s ON s.checkpoint_id = m.checkpoint_id
-- Podman adds the user that a container is started as to these files, if the image lacks it: podman-run(1), --passwd
WHERE m.mark IS NOT NULL AND NOT (m.path IN ('/etc/passwd', '/etc/group') AND c.engine = 'podman' AND s.uid > 0)
ORDER BY c.container_name, m.checkpoint_id, m.path, m.member, m.position
