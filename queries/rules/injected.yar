rule Linux_Shellcode_Execve : shellcode
{
    meta:
        description = "x86-64 code that pushes /bin/sh and calls execve"
        source = "https://www.exploit-db.com/shellcodes/46907"
        severity = "high"
    strings:
        // movabs reg, "/bin//sh" or "/bin/sh\0"; ... ; syscall, with 59 into eax in between
        $slashes = { 48 (B8 | B9 | BA | BB | BE | BF) 2F 62 69 6E 2F 2F 73 68 [0-48] 3B [0-16] 0F 05 }
        $before = { 6A 3B [0-48] 48 (B8 | B9 | BA | BB | BE | BF) 2F 62 69 6E 2F (2F 73 68 | 73 68 00) [0-32] 0F 05 }
        $zero = { 48 (B8 | B9 | BA | BB | BE | BF) 2F 62 69 6E 2F 73 68 00 [0-48] 3B [0-16] 0F 05 }
    condition:
        any of them
}

rule Linux_Shellcode_Connect : shellcode
{
    meta:
        description = "x86-64 code that makes a socket, connects it, and puts it in place of standard input and output"
        source = "https://github.com/rapid7/metasploit-framework/blob/master/modules/payloads/singles/linux/x64/shell_reverse_tcp.rb"
        severity = "high"
    strings:
        // push 41; pop rax; ...; syscall (socket) ... push 42; pop rax; syscall (connect)
        $connect = { 6A 29 58 [2-24] 0F 05 [4-48] 6A 2A 58 [0-8] 0F 05 }
        // push 33; pop rax; syscall (dup2) in a loop
        $dup2 = { 6A 21 58 0F 05 (75 | 79) }
    condition:
        any of them
}

rule LD_Preload_Rootkit : rootkit
{
    meta:
        description = "A preloaded library that hides processes, files or connections: it wraps readdir and knows its own name in ld.so.preload"
        source = "https://attack.mitre.org/techniques/T1574/006/"
        severity = "high"
    strings:
        $preload = "/etc/ld.so.preload" fullword
        $dlsym = "dlsym" fullword
        $readdir = /\breaddir(64)?\b/
        $process = "/proc/self/fd/%d"
        $status = /\/proc\/%s\/(stat|cmdline|comm)\b/
        $net = "/proc/net/tcp" fullword
    condition:
        uint32(0) == 0x464c457f and filesize < 4MB and $preload and $dlsym and $readdir and 1 of ($process, $status, $net)
}
