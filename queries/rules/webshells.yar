rule PHP_Web_Shell : webshell php
{
    meta:
        description = "PHP that runs what a request sends it"
        source = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "high"
    strings:
        $run = /\b(eval|assert|system|shell_exec|passthru|exec|popen|proc_open)\s{0,8}\(\s{0,8}(base64_decode|gzinflate|str_rot13|gzuncompress|stripslashes|trim|@){0,3}\s{0,8}\(?\s{0,8}@?\$_(GET|POST|REQUEST|COOKIE|SERVER)\s{0,8}\[/ nocase
        $packed = /\beval\s{0,8}\(\s{0,8}(gzinflate|gzuncompress|str_rot13)\s{0,8}\(\s{0,8}base64_decode\s{0,8}\(/ nocase
        $callback = /\$_(GET|POST|REQUEST|COOKIE)\s{0,4}\[[^\]]{1,40}\]\s{0,4}\(\s{0,4}\$_(GET|POST|REQUEST|COOKIE)\s{0,4}\[/ nocase
    condition:
        any of them
}

rule JSP_Web_Shell : webshell jsp
{
    meta:
        description = "A JSP page that runs the command in a parameter"
        source = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "high"
    strings:
        $page = /<%@?[ =!\r\n\t]/
        $run = /getRuntime\(\)\s{0,8}\.\s{0,8}exec\s{0,8}\(\s{0,8}request\s{0,8}\.\s{0,8}getParameter/
        $builder = /new\s{1,8}ProcessBuilder\s{0,8}\([^;]{0,120}request\s{0,8}\.\s{0,8}getParameter/
    condition:
        $page and any of ($run, $builder)
}
