-- title: Containers' own firewall rules
-- question: Which firewall rules do containers have, other than CRIU's?
-- audience: security, platform
-- severity: info
-- attack: T1562.004 Disable or Modify System Firewall
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: backend | iptables, ip6tables or nftables
-- column: family | ip, ip6, inet, ...
-- column: table_name | table of the rule
-- column: chain | its chain
-- column: target | what happens to packets that match
-- column: packets | packets counted
-- column: rule_text | the rule, as the backend prints it
-- column: rule_uncounted | the rule without what the kernel counts in it
-- column: checkpoint_id | the checkpoint
-- key: backend, family, table_name, chain, target, rule_uncounted
-- tables: firewall_rules, checkpoints
-- description: Service meshes write rules into the namespace of each pod. Namespaces that are provided from outside, as of most pods, are not in a checkpoint.

SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, r.backend, r.family, r.table_name, r.chain, r.target, r.packets, r.rule_text,
  coalesce(to_json(r)->>'rule_uncounted', r.rule_text) AS rule_uncounted, -- outputs of earlier versions lack the column
  r.checkpoint_id
FROM firewall_rules r JOIN checkpoints c ON c.checkpoint_id = r.checkpoint_id
WHERE r.kind = 'rule' AND NOT r.is_criu_lock
ORDER BY c.container_name, r.checkpoint_id, r.net_ns_id, r.backend, r.line_number
