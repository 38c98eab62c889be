-- title: Processes by image
-- question: Which programs run in containers of each image?
-- description: A program that runs in one container of many is worth a look.
-- tables: processes, checkpoints
SELECT c.image, coalesce(p.exe, '[' || p.comm || ']') AS program, count(*) AS processes, count(DISTINCT c.container_id) AS containers,
       count(DISTINCT c.checkpoint_id) AS checkpoints, any_value(p.cmdline) AS example, list_sort(list(DISTINCT p.uid)) AS uids
FROM processes p JOIN checkpoints c USING (checkpoint_id)
GROUP BY ALL
ORDER BY c.image, processes DESC, program
