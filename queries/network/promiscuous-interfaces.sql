-- title: Promiscuous interfaces
-- question: Where does somebody listen to packets for others?
-- audience: responder, security
-- severity: high
-- attack: T1040 Network Sniffing
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: found | interface: it is in promiscuous mode; socket: a packet socket asked for that
-- column: interface | name of the interface, or its number
-- column: pids | processes that hold the socket
-- column: checkpoint_id | the checkpoint
-- key: found, interface
-- tables: network_devices, sockets, checkpoints
-- description: Interfaces of bridges and of virtual machines in containers are promiscuous by design. Interfaces of most pods are not in a checkpoint: their namespace comes from outside.

WITH found AS (
  SELECT checkpoint_id, 'interface' AS found, name AS interface, NULL::UINTEGER[] AS pids FROM network_devices WHERE is_promiscuous
  UNION ALL
  SELECT checkpoint_id, 'socket', packet_membership_interfaces[list_position(packet_membership_types, 'PROMISC')]::VARCHAR, pids
  FROM sockets WHERE list_contains(packet_membership_types, 'PROMISC')
)
SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, f.found, f.interface, f.pids, f.checkpoint_id
FROM found f JOIN checkpoints c ON c.checkpoint_id = f.checkpoint_id
ORDER BY c.container_name, f.checkpoint_id, f.found, f.interface, f.pids
