-- title: Process tree
-- question: Which process started which?
-- description: A line per process, indented below its parent (64 levels at most), in the order of the tree.
-- tables: processes, checkpoints
SELECT p.checkpoint_id, c.container_name, p.pid, p.ppid, p.depth, p.state, p.uid, p.thread_count,
       repeat('  ', least(p.depth, 64)::INTEGER) || coalesce(nullif(p.cmdline, ''), '[' || p.comm || ']') AS tree, p.comm, p.exe
FROM processes p JOIN checkpoints c USING (checkpoint_id)
ORDER BY p.checkpoint_id, p.tree_path, p.pid
