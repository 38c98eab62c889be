-- title: Tunnels
-- question: Which processes hold a tun or tap interface?
-- audience: responder, security
-- severity: medium
-- attack: T1572 Protocol Tunneling
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: cmdline | its command line
-- column: uid | its user, inside the container
-- column: tun_device | name of the interface
-- column: checkpoint_id | the checkpoint
-- key: comm, tun_device
-- tables: files, file_descriptors, processes, checkpoints
-- description: VPN clients and servers, and user-mode networks (slirp4netns) do by design.

SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, d.pid, p.comm, p.cmdline, p.uid, f.tun_device, f.checkpoint_id
FROM files f
JOIN checkpoints c ON c.checkpoint_id = f.checkpoint_id
LEFT JOIN file_descriptors d ON d.checkpoint_id = f.checkpoint_id AND d.file_id = f.file_id
LEFT JOIN processes p ON p.checkpoint_id = d.checkpoint_id AND p.pid = d.pid
WHERE f.tun_device IS NOT NULL
ORDER BY c.container_name, f.checkpoint_id, d.pid, f.tun_device
