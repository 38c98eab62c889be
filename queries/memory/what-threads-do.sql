-- title: What threads are doing
-- question: In which calls do the threads of each image wait or run, and how many are in the same ones?
-- audience: on-call, responder
-- param: lines BIGINT = 6 | frames of a stack that are shown
-- column: image | name of the container's image
-- column: comm | name of the process
-- column: threads | how many have this stack
-- column: checkpoints | in how many checkpoints
-- column: syscall | system call that they sit in; NULL for none
-- column: stack | the innermost frames, from the top: function, or file and offset; ? before those that are a guess
-- column: example_checkpoint_id | one of the checkpoints
-- column: example_tid | a thread in it
-- tables: stack_frames, threads, processes, checkpoints
-- description: Needs --memory stacks. Functions have names where the archive holds the program. What scanning found is a guess: an earlier call may have left it behind.
WITH stacks AS (
  SELECT checkpoint_id, pid, tid,
    string_agg(CASE confidence WHEN 'low' THEN '?' ELSE '' END || coalesce(symbol, parse_filename(path) || '+0x' || lower(hex(file_offset)), mapping_kind, 'unmapped'), ' < ' ORDER BY frame) AS stack
  FROM stack_frames WHERE frame < $lines GROUP BY ALL
)
SELECT c.image, p.comm, count(*) AS threads, count(DISTINCT s.checkpoint_id) AS checkpoints, t.syscall_name AS syscall, s.stack,
  min(s.checkpoint_id) AS example_checkpoint_id, min(struct_pack(id := s.checkpoint_id, tid := s.tid)).tid AS example_tid
FROM stacks s
JOIN threads t ON t.checkpoint_id = s.checkpoint_id AND t.tid = s.tid
JOIN processes p ON p.checkpoint_id = s.checkpoint_id AND p.pid = s.pid
JOIN checkpoints c ON c.checkpoint_id = s.checkpoint_id
GROUP BY c.image, p.comm, t.syscall_name, s.stack
ORDER BY threads DESC, c.image, p.comm, s.stack, syscall
