-- title: Connections to the Internet
-- question: Which processes talk to public addresses?
-- audience: responder, security
-- severity: info
-- attack: T1071 Application Layer Protocol
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: pid | the process, as the container sees it
-- column: comm | name of the process
-- column: cmdline | its command line
-- column: protocol | tcp or udp
-- column: state | ESTABLISHED, CLOSE_WAIT, ...
-- column: local_address | own address
-- column: local_port | own port
-- column: remote_address | address at the other end
-- column: remote_port | port at the other end
-- column: checkpoint_id | the checkpoint
-- key: comm, protocol, remote_address
-- tables: sockets, processes, checkpoints
-- uses: connections
-- description: Connections with an end in the fleet are left out. Clients that come from the Internet, through no proxy, are listed too.

SELECT pod_namespace, pod_name, container_name, pid, comm, cmdline, protocol, state, local_address, local_port, remote_address, remote_port, checkpoint_id
FROM connections
WHERE peer_checkpoint_id IS NULL
  -- not the Internet: RFC 1122, 1918, 3927, 5771, 6598; RFC 4193, 4291
  AND NOT regexp_matches(replace(remote_address, '::ffff:', ''), '^(0|10|127)[.]|^169[.]254[.]|^192[.]168[.]|^172[.](1[6-9]|2[0-9]|3[01])[.]|^100[.](6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])[.]' ||
    '|^22[4-9][.]|^23[0-9][.]|^::1?$|^f[cd]|^fe[89ab]|^ff')
ORDER BY container_name, checkpoint_id, remote_address, remote_port, local_port, pid, protocol, local_address, state
