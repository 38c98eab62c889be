-- title: Registers, one by one
-- question: What is in each register of each thread?
-- audience: responder
-- column: checkpoint_id | the checkpoint
-- column: pid | process
-- column: tid | thread
-- column: arch | processor architecture, CRIU's name in lower case
-- column: name | name of the register
-- column: set | general, segment, control, fp_control, fp, vector, pac, tm, guarded_storage or runtime_instr
-- column: role | what it is for a system call, such as ip, sp or arg0; NULL for others
-- column: width_bits | width as the image keeps it, in bits
-- column: value | value, of registers up to 64 bits wide
-- column: value_bytes | value of wider ones, as it lies in memory
-- tables: registers
-- description: The table registers has a row for each thread, with a list of its registers; this is the same with a row for each register.
SELECT checkpoint_id, pid, tid, arch, r.name AS name, r.set AS set, r.role AS role, r.width_bits AS width_bits, r.value AS value, r.value_bytes AS value_bytes
FROM (SELECT checkpoint_id, pid, tid, arch, unnest(registers) AS r, generate_subscripts(registers, 1) AS position FROM registers)
ORDER BY checkpoint_id, pid, tid, position
