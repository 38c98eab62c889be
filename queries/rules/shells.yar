rule Reverse_Shell_Command : shell
{
    meta:
        description = "A command line that connects a shell to another host"
        source = "https://gtfobins.github.io/#+reverse-shell"
        severity = "high"
    strings:
        $bash = /\b(ba|z|k|a|da)?sh\s{1,4}-i\s{0,4}(>|>&|&>|0>&|<)\s{0,4}&?\s{0,4}\/dev\/(tcp|udp)\/[A-Za-z0-9.:-]{3,80}\/[0-9]{1,5}/
        $exec = /exec\s{1,4}[0-9]{1,3}<>\s{0,4}\/dev\/(tcp|udp)\/[A-Za-z0-9.:-]{3,80}\/[0-9]{1,5}/
        $netcat = /\bn(c|cat|etcat)(\.traditional|\.openbsd)?\s{1,4}(-[a-z]{1,6}\s{1,4}){0,4}(-e|-c|--exec)\s{1,4}(\/usr)?(\/bin\/)?(ba|da|z|a)?sh\b/
        $fifo = /mkfifo\s{1,4}[^;|]{1,80}[;&]{1,2}\s{0,4}(cat|nc|ncat|telnet|openssl)\b[^\n]{1,160}\|\s{0,4}(\/bin\/)?(ba|da|z|a)?sh\s{1,4}-i/
        $python = /socket\.socket\([^\n]{0,200}\.connect\(\([^\n]{0,200}dup2\([^\n]{0,240}(pty\.spawn|subprocess\.(call|run|Popen))\(/
        $perl = /use Socket;[^\n]{0,300}connect\([^\n]{0,200}open\(STDIN,\s{0,4}">&[A-Z]{1,8}"\)/
        $socat = /socat\s{1,4}(exec|EXEC):[^\n]{0,80}sh[^\n]{0,80}\s(tcp|TCP|openssl|OPENSSL)(4|6|-connect|-CONNECT)?:/
    condition:
        any of them
}
