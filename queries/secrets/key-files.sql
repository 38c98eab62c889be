-- title: Keys in files
-- question: Where do keys and credentials lie in files?
-- audience: responder, security
-- severity: info
-- attack: T1552.004 Private Keys
-- attack: T1552.001 Credentials In Files
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: found | file: written into the container; deleted file: still in use; open file; mount: a file of the host
-- column: path | path inside the container
-- column: pids | processes that have it open
-- column: content_format | pem, der, openssh, ...; NULL where only the name tells
-- column: mode | permission bits, octal
-- column: sha256 | SHA-256 of the content
-- column: checkpoint_id | the checkpoint
-- key: found, path, sha256
-- tables: filesystem_entries, ghost_files, file_descriptors, container_mounts, checkpoints
-- description: By content where the checkpoint has it, else by name. Files of the image itself are not in a checkpoint. Servers with TLS have their key by design.

WITH candidates AS (
  SELECT checkpoint_id, 'file' AS found, path, NULL::UINTEGER AS pid, content_kind, content_format, to_base(mode::BIGINT, 8, 4) AS mode, sha256 FROM filesystem_entries
  WHERE change IS DISTINCT FROM 'deleted' AND type IN ('file', 'hardlink') AND coalesce(size_bytes, 1) > 0
  UNION ALL
  SELECT checkpoint_id, 'deleted file', paths[1], unnest(coalesce(nullif(pids, []), [NULL])), content_kind, content_format, to_base(mode::BIGINT, 8, 4), sha256 FROM ghost_files
  UNION ALL
  SELECT checkpoint_id, 'open file', path, pid, NULL, NULL, NULL, NULL FROM file_descriptors WHERE type = 'REG'
  UNION ALL
  SELECT checkpoint_id, 'mount', destination, NULL, NULL, NULL, NULL, NULL FROM container_mounts WHERE origin = 'spec' AND is_bind
    -- kubelet mounts a token of the service account into every pod that does not forbid it
    AND NOT regexp_matches(destination, '/secrets/kubernetes[.]io/serviceaccount$')
), found AS (
  SELECT *, CASE WHEN content_kind IN ('key', 'certificate') THEN content_format END AS key_format FROM candidates
  WHERE (content_kind = 'key' OR regexp_matches(path,
      '/(id_(rsa|dsa|ecdsa|ed25519)|ssh_host_[^/]*_key|authorized_keys2?)$' ||
      '|[.](pem|key|p12|pfx|jks|keystore|kdbx|ovpn)$' ||
      '|/[.](netrc|pgpass|my[.]cnf|git-credentials|npmrc|pypirc|htpasswd|vault-token)$' ||
      '|/[.](aws|azure|gcloud)/|/[.]kube/config$|/[.]docker/config[.]json$' ||
      '|/secrets/kubernetes[.]io/serviceaccount/|/run/secrets/[^/]'))
    -- every TLS client reads these
    AND NOT regexp_matches(path, '^/(etc/ssl/certs|etc/pki|usr/share/ca-certificates|usr/lib/python|usr/local/lib)/')
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, f.found, f.path, list_sort(list(DISTINCT f.pid) FILTER (f.pid IS NOT NULL)) AS pids, f.key_format AS content_format, f.mode, f.sha256, f.checkpoint_id
FROM found f JOIN checkpoints c ON c.checkpoint_id = f.checkpoint_id
GROUP BY c.pod_namespace, c.pod_name, c.container_name, c.image, f.found, f.path, f.key_format, f.mode, f.sha256, f.checkpoint_id
ORDER BY c.container_name, f.checkpoint_id, f.found, f.path, f.sha256, f.mode, content_format
