-- title: Secrets in memory
-- question: Which keys, tokens and passwords lie in the memory of which process?
-- audience: responder, security
-- severity: info
-- attack: T1552 Unsecured Credentials
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: pid | the process, as the container sees it; NULL in a shared object
-- column: shmem_id | the shared object
-- column: comm | name of the process
-- column: class | private_key, jwt, github_token, secret, ...
-- column: value | the text
-- column: is_checked | its checksum holds; NULL where its class has none
-- column: mapping_kind | kind of memory
-- column: address | where it stands first, in hexadecimal; in a shared object, the offset
-- column: count | how often it stands there
-- column: checkpoint_id | the checkpoint
-- memory: strings
-- key: comm, class, value
-- tables: memory_strings, processes, checkpoints
-- description: A program has the secrets that it works with in memory, and those of its environment on its stack: what counts is which it should not have, and which must be changed when a checkpoint gets into wrong hands. Texts that only look like secrets are among them.

SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, s.pid, s.shmem_id, p.comm, s.class, s.value, s.is_checked, s.mapping_kind, lower(hex(s.address)) AS address, s.count, s.checkpoint_id
FROM memory_strings s
JOIN checkpoints c ON c.checkpoint_id = s.checkpoint_id
LEFT JOIN processes p ON p.checkpoint_id = s.checkpoint_id AND p.pid = s.pid
WHERE s.class IN ('private_key', 'jwt', 'aws_access_key_id', 'github_token', 'github_pat', 'gitlab_token', 'npm_token', 'slack_token', 'stripe_key', 'google_api_key', 'secret', 'credit_card')
ORDER BY c.container_name, s.checkpoint_id, s.pid, s.shmem_id, s.address, s.class, s.value, s.encoding
