-- title: Miners
-- question: Which processes, files or connections look like mining of crypto-currency?
-- audience: responder, security
-- severity: high
-- attack: T1496 Resource Hijacking
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: found | process or file
-- column: pid | the process, as the container sees it
-- column: item | command line, or path
-- column: sha256 | SHA-256 of the file
-- column: checkpoint_id | the checkpoint
-- key: found, item, sha256
-- tables: processes, filesystem_entries, checkpoints
-- description: By the names of well-known programs, and options and addresses that miners need; a renamed one without options is not found.

WITH found AS (
  SELECT checkpoint_id, 'process' AS found, pid, cmdline AS item, NULL AS sha256 FROM processes
  WHERE regexp_matches(lower(concat_ws(' ', comm, exe)), '(^|[/ ])(xmrig|xmr-stak|minerd|cpuminer|cgminer|bfgminer|ethminer|nbminer|t-rex|lolminer|phoenixminer|kinsing|kdevtmpfsi|nanominer)[^/ ]*( |$)')
    OR regexp_matches(lower(cmdline), 'stratum[+](tcp|ssl|tls)://|stratum2?[+]udp://|--donate-level|--coin[= ](monero|xmr)|randomx-')
  UNION ALL
  SELECT checkpoint_id, 'file', NULL, path, sha256 FROM filesystem_entries
  WHERE change IS DISTINCT FROM 'deleted' AND type IN ('file', 'hardlink', 'symlink') AND regexp_matches(lower(path), '(^|[/ ])(xmrig|xmr-stak|minerd|cpuminer|cgminer|bfgminer|ethminer|nbminer|t-rex|lolminer|phoenixminer|kinsing|kdevtmpfsi|nanominer)[^/ ]*( |$)')
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, f.found, f.pid, f.item, f.sha256, f.checkpoint_id
FROM found f JOIN checkpoints c ON c.checkpoint_id = f.checkpoint_id
ORDER BY c.container_name, f.checkpoint_id, f.found, f.pid, f.item, f.sha256
