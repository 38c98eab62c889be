-- title: What threads are doing
-- question: What is each thread doing: which system call does it sit in, and on what?
-- audience: on-call, responder
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: pid | the process, as the container sees it
-- column: process | name of the process
-- column: tid | the thread
-- column: comm | name of the thread
-- column: syscall_name | system call it sits in; NULL if it was running
-- column: doing | that in words, for the common ones
-- column: target | what its first argument refers to, where that is a descriptor: the other end of a connection, the own address of a socket, a path, or the kind
-- column: instruction_path | file it executes in
-- column: checkpoint_id | the checkpoint
-- tables: threads, processes, file_descriptors, sockets, checkpoints

WITH waiting AS (
  -- calls whose first argument is a descriptor, as their pages in section 2 of the manual have it; the register is 64 bits wide, a descriptor 32
  SELECT *, CASE WHEN syscall_name IN ('read', 'readv', 'pread64', 'preadv', 'recvfrom', 'recvmsg', 'recvmmsg', 'write', 'writev', 'pwrite64', 'pwritev', 'sendto', 'sendmsg', 'sendmmsg',
      'sendfile', 'accept', 'accept4', 'connect', 'epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'fsync', 'fdatasync', 'flock', 'fcntl', 'ioctl')
    THEN TRY_CAST(syscall_args[1] % 4294967296 AS INTEGER) END AS fd
  FROM threads
)
SELECT c.pod_namespace, c.pod_name, c.container_name, t.pid, p.comm AS process, t.tid, t.comm, t.syscall_name,
       CASE
         WHEN t.syscall_number IS NULL THEN 'runs'
         WHEN t.syscall_name IN ('futex', 'futex_wait') THEN 'waits for a lock or another thread'
         WHEN t.syscall_name IN ('epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'poll', 'ppoll', 'select', 'pselect6', 'io_uring_enter', 'io_getevents') THEN 'waits for events'
         WHEN t.syscall_name IN ('nanosleep', 'clock_nanosleep') THEN 'sleeps'
         WHEN t.syscall_name IN ('wait4', 'waitid') THEN 'waits for a child'
         WHEN t.syscall_name IN ('accept', 'accept4') THEN 'waits for a connection'
         WHEN t.syscall_name = 'connect' THEN 'connects'
         WHEN t.syscall_name IN ('rt_sigsuspend', 'rt_sigtimedwait', 'pause') THEN 'waits for a signal'
         WHEN t.syscall_name IN ('read', 'readv', 'pread64', 'preadv', 'recvfrom', 'recvmsg', 'recvmmsg') THEN 'reads'
         WHEN t.syscall_name IN ('write', 'writev', 'pwrite64', 'pwritev', 'sendto', 'sendmsg', 'sendmmsg', 'sendfile') THEN 'writes'
         WHEN t.syscall_name IN ('fsync', 'fdatasync', 'sync', 'syncfs', 'msync') THEN 'waits for the disk'
         WHEN t.syscall_name IN ('flock', 'fcntl') THEN 'locks a file'
       END AS doing,
       coalesce(d.peer, s.name, s.local_address || ' ' || s.local_port, d.path, d.type) AS target, t.instruction_path, t.checkpoint_id
FROM waiting t
JOIN checkpoints c ON c.checkpoint_id = t.checkpoint_id
LEFT JOIN processes p ON p.checkpoint_id = t.checkpoint_id AND p.pid = t.pid
LEFT JOIN file_descriptors d ON d.checkpoint_id = t.checkpoint_id AND d.pid = t.pid AND d.fd = t.fd
LEFT JOIN sockets s ON s.checkpoint_id = d.checkpoint_id AND s.file_id = d.file_id
ORDER BY c.container_name, t.checkpoint_id, t.pid, t.tid
