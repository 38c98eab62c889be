-- title: Without a security module
-- question: On hosts with AppArmor or SELinux, which processes does it not confine?
-- audience: security, platform
-- severity: low
-- attack: T1611 Escape to Host
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: lsm_type | security module of the host
-- column: lsm_profile | profile or label of the processes
-- column: declared | profile or label that the specification asks for
-- column: processes | processes of it
-- column: names | their names
-- column: checkpoint_id | the checkpoint
-- key: lsm_type, lsm_profile
-- tables: processes, checkpoints, container_specs
-- description: Hosts that have none are not listed: platforms shows them. Privileged containers are never confined.

SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, c.lsm_type, p.lsm_profile, any_value(coalesce(s.apparmor_profile, s.selinux_label)) AS declared, count(*) AS processes, list_sort(list(DISTINCT p.comm)) AS names, p.checkpoint_id
FROM processes p
JOIN checkpoints c ON c.checkpoint_id = p.checkpoint_id
LEFT JOIN container_specs s ON s.checkpoint_id = p.checkpoint_id
-- AppArmor's unconfined; SELinux types of the targeted policy that confine nothing, see container_selinux(8)
WHERE c.lsm_type IN ('apparmor', 'selinux') AND p.state NOT IN ('zombie', 'dead')
  AND (p.lsm_profile IS NULL OR p.lsm_profile LIKE 'unconfined%' OR regexp_matches(p.lsm_profile, ':(unconfined_t|spc_t):'))
GROUP BY c.pod_namespace, c.pod_name, c.container_name, c.image, c.lsm_type, p.lsm_profile, p.checkpoint_id
ORDER BY c.container_name, p.checkpoint_id, p.lsm_profile
