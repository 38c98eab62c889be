-- title: Memory by kind
-- question: What is the memory of each container made of?
-- audience: on-call, platform
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: kind | anon, heap, stack, file, memfd, sysv, ...
-- column: mappings | mappings, over all processes
-- column: virtual_mib | their size, in MiB
-- column: present_mib | pages with content in the checkpoint, in MiB; of shared objects counted with the object
-- column: executable_mib | size of the executable ones, in MiB
-- column: checkpoint_id | the checkpoint
-- tables: memory_mappings, checkpoints
-- description: A mapping that processes share by fork is counted in each of them.

SELECT c.container_name, c.image, m.kind, count(*) AS mappings, round(sum(m.size_bytes) / 1048576.0, 2) AS virtual_mib,
       round(sum(m.pages_present) * any_value(c.page_size) / 1048576.0, 2) AS present_mib, round(coalesce(sum(m.size_bytes) FILTER (m.executable), 0) / 1048576.0, 2) AS executable_mib, m.checkpoint_id
FROM memory_mappings m JOIN checkpoints c ON c.checkpoint_id = m.checkpoint_id
GROUP BY c.container_name, c.image, m.kind, m.checkpoint_id
ORDER BY c.container_name, m.checkpoint_id, virtual_mib DESC, m.kind
