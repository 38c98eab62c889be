-- title: Process tree
-- question: Which process started which?
-- audience: responder, on-call
-- column: checkpoint_id | the checkpoint
-- column: container_name | name of the container
-- column: pid | the process, as the container sees it
-- column: ppid | its parent
-- column: depth | distance from the first process
-- column: state | alive, stopped, dead or zombie
-- column: uid | its user, inside the container
-- column: thread_count | threads
-- column: tree | command line, indented below that of the parent
-- column: comm | name of the process
-- column: exe | its program file
-- tables: processes, checkpoints
-- description: A line per process, indented below its parent (64 levels at most), in the order of the tree.

SELECT p.checkpoint_id, c.container_name, p.pid, p.ppid, p.depth, p.state, p.uid, p.thread_count,
       repeat('  ', least(p.depth, 64)::INTEGER) || coalesce(nullif(p.cmdline, ''), '[' || p.comm || ']') AS tree, p.comm, p.exe
FROM processes p JOIN checkpoints c USING (checkpoint_id)
ORDER BY p.checkpoint_id, p.tree_path, p.pid
