rule UPX_Packed_ELF : packer elf
{
    meta:
        description = "A program packed with UPX"
        source = "https://github.com/upx/upx/blob/devel/src/conf.h"
        severity = "medium"
    strings:
        $magic = { 55 50 58 21 (0? | 1?) (?? ) }
        $info = "$Info: This file is packed with the UPX executable packer"
        $id = "$Id: UPX "
        $stub = "PROT_EXEC|PROT_WRITE failed."
    condition:
        2 of ($magic, $info, $id, $stub)
}

rule Memfd_Loader : loader
{
    meta:
        description = "A script that makes a file in memory and runs it: memfd_create by its number, and a path of its descriptor"
        source = "https://attack.mitre.org/techniques/T1620/"
        severity = "medium"
    strings:
        $perl = /syscall\s{0,4}\(?\s{0,4}319\s{0,4},/
        $python = /\.syscall\s{0,4}\(\s{0,4}319\s{0,4},/
        $named = /(os\.|libc\.)memfd_create\s{0,4}\(/
        $run = /(exec[vle]{0,3}p?e?|system|Popen|run|spawn[vle]?)\s{0,4}[\({]?[^\n]{0,60}\/proc\/(self|\$\$|\$pid|%d|\{[a-z]{0,12}\})\/fd\//
    condition:
        $run and any of ($perl, $python, $named)
}
