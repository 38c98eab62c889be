-- title: Processes by image
-- question: Which programs run in containers of each image?
-- audience: responder, platform
-- column: image | name of the container's image
-- column: program | program file, or [name] where there is none
-- column: processes | processes, over all checkpoints
-- column: containers | different containers
-- column: checkpoints | checkpoints
-- column: example | command line of one of them
-- column: uids | users it runs as
-- tables: processes, checkpoints
-- description: A program that runs in one container of many is worth a look.

SELECT c.image, coalesce(p.exe, '[' || p.comm || ']') AS program, count(*) AS processes, count(DISTINCT c.container_id) AS containers,
       count(DISTINCT c.checkpoint_id) AS checkpoints, min(p.cmdline) AS example, list_sort(list(DISTINCT p.uid)) AS uids
FROM processes p JOIN checkpoints c USING (checkpoint_id)
GROUP BY ALL
ORDER BY c.image, processes DESC, program
