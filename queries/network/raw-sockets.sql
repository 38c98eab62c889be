-- title: Raw and packet sockets
-- question: Which processes read or write raw packets?
-- audience: responder, security
-- severity: medium
-- attack: T1040 Network Sniffing
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: cmdline | its command line
-- column: uid | its user, inside the container
-- column: family | inet, inet6, or packet: all that passes an interface
-- column: protocol | protocol of the packets
-- column: interface | number of the interface of a packet socket, 0 for all; NULL of others
-- column: checkpoint_id | the checkpoint
-- key: comm, family, protocol
-- tables: sockets, processes, checkpoints
-- description: ping, traceroute, DHCP clients, load balancers (VRRP) and network plug-ins have such sockets by design.

WITH held AS (
  SELECT *, unnest(pids) AS pid FROM sockets WHERE family = 'packet' OR type = 'raw' AND family IN ('inet', 'inet6')
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, h.pid, p.comm, p.cmdline, p.uid, h.family, h.protocol, h.interface_index AS interface, h.checkpoint_id
FROM held h
JOIN checkpoints c ON c.checkpoint_id = h.checkpoint_id
LEFT JOIN processes p ON p.checkpoint_id = h.checkpoint_id AND p.pid = h.pid
ORDER BY c.container_name, h.checkpoint_id, h.pid, h.family, h.protocol, h.file_id
