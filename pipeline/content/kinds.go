package content

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
)

// signature is how files of a format begin.
type signature struct {
	kind, format string
	offset       int
	magic        string
}

// signatures lists formats by their magic numbers, longer ones of a beginning
// first. Source: the formats' own specifications, compared with file(1).
var signatures = []signature{
	{Archive, "gzip", 0, "\x1f\x8b\x08"},
	{Archive, "zstd", 0, "\x28\xb5\x2f\xfd"},
	{Archive, "xz", 0, "\xfd7zXZ\x00"},
	{Archive, "bzip2", 4, "1AY&SY"},
	{Archive, "lz4", 0, "\x04\x22\x4d\x18"},
	{Archive, "lzip", 0, "LZIP\x01"},
	{Archive, "compress", 0, "\x1f\x9d"},
	{Archive, "zip", 0, "PK\x03\x04"},
	{Archive, "zip", 0, "PK\x05\x06"},
	{Archive, "7z", 0, "7z\xbc\xaf\x27\x1c"},
	{Archive, "rar", 0, "Rar!\x1a\x07"},
	{Archive, "cpio", 0, "070701"},
	{Archive, "cpio", 0, "070702"},
	{Archive, "cpio", 0, "070707"},
	{Archive, "ar", 0, "!<arch>\n"},
	{Archive, "rpm", 0, "\xed\xab\xee\xdb"},
	{Archive, "cab", 0, "MSCF\x00\x00\x00\x00"},
	{Archive, "squashfs", 0, "hsqs"},
	{Executable, "wasm", 0, "\x00asm"},
	{Executable, "dex", 0, "dex\n"},
	{Executable, "llvm_bitcode", 0, "BC\xc0\xde"},
	{Executable, "mach_o", 0, "\xfe\xed\xfa\xce"},
	{Executable, "mach_o", 0, "\xfe\xed\xfa\xcf"},
	{Executable, "mach_o", 0, "\xce\xfa\xed\xfe"},
	{Executable, "mach_o", 0, "\xcf\xfa\xed\xfe"},
	{Database, "sqlite3", 0, "SQLite format 3\x00"},
	{Database, "redis_rdb", 0, "REDIS0"},
	{Keystore, "jks", 0, "\xfe\xed\xfe\xed"},
	{PrivateKey, "gnupg", 0, "(11:private-key("},
	{PrivateKey, "gnupg", 0, "(21:protected-private-key("},
	{PrivateKey, "gnupg", 0, "(20:shadowed-private-key("},
	{Keystore, "jceks", 0, "\xce\xce\xce\xce"},
	{Document, "pdf", 0, "%PDF-"},
	{Document, "ole2", 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"},
	{Document, "rtf", 0, "{\\rtf"},
	{Media, "png", 0, "\x89PNG\r\n\x1a\n"},
	{Media, "jpeg", 0, "\xff\xd8\xff"},
	{Media, "gif", 0, "GIF87a"},
	{Media, "gif", 0, "GIF89a"},
	{Media, "tiff", 0, "II*\x00"},
	{Media, "tiff", 0, "MM\x00*"},
	{Media, "webp", 8, "WEBPVP8"},
	{Media, "wave", 8, "WAVEfmt "},
	{Media, "ogg", 0, "OggS\x00"},
	{Media, "flac", 0, "fLaC\x00"},
	{Media, "mp3", 0, "ID3\x03"},
	{Media, "mp3", 0, "ID3\x04"},
	{Media, "matroska", 0, "\x1a\x45\xdf\xa3"},
	{Media, "mp4", 4, "ftyp"},
	{Font, "truetype", 0, "\x00\x01\x00\x00\x00"},
	{Font, "woff", 0, "wOFF"},
	{Font, "woff2", 0, "wOF2"},
	{Font, "opentype", 0, "OTTO\x00"},
	{Data, "parquet", 0, "PAR1"},
	{Data, "tzif", 0, "TZif"},
	{Data, "gettext", 0, "\xde\x12\x04\x95"},
	{Data, "git_pack", 0, "PACK\x00\x00\x00"},
	{Data, "pcap", 0, "\xd4\xc3\xb2\xa1"},
	{Data, "pcap", 0, "\xa1\xb2\xc3\xd4"},
	{Data, "pcapng", 0, "\x0a\x0d\x0d\x0a"},
	{Data, "systemd_journal", 0, "LPKSHHRH"},
	{Data, "criu_image", 0, "\x19\x43\x56\x54"}, // IMG_COMMON_MAGIC, CRIU criu/include/magic.h
}

// kindOf tells what a file is that is no ELF file.
func kindOf(head []byte, size int64) Facts {
	switch {
	case size == 0:
		return Facts{Kind: Empty}
	case bytes.HasPrefix(head, []byte("#!")):
		if f, ok := script(head); ok {
			return f
		}
	}
	for i := range signatures {
		s := &signatures[i]
		if len(head) > s.offset && head[s.offset] == s.magic[0] && bytes.HasPrefix(head[s.offset:], []byte(s.magic)) {
			return Facts{Kind: s.kind, Format: s.format}
		}
	}
	for _, tell := range []func([]byte, int64) (Facts, bool){portableExecutable, javaClass, tarArchive, pythonBytecode, derKey, openPGPKey} {
		if f, ok := tell(head, size); ok {
			return f
		}
	}
	encoding := encodingOf(head, size > int64(len(head)))
	if encoding == "" {
		return Facts{Kind: Data}
	}
	if f, ok := keyText(head); ok {
		return f
	}
	return Facts{Kind: Text, Format: encoding}
}

// script reads the first line of a script. The kernel takes the first word as
// the program and the rest as one argument. Source: fs/binfmt_script.c.
func script(head []byte) (Facts, bool) {
	const maxLine = 256 // BINPRM_BUF_SIZE
	line, _, _ := bytes.Cut(head[2:min(len(head), maxLine)], []byte("\n"))
	program, arguments, _ := strings.Cut(strings.ReplaceAll(strings.Trim(string(line), " \t\r"), "\t", " "), " ")
	if program == "" || strings.IndexFunc(program, func(r rune) bool { return r < 0x20 || r == 0x7f }) >= 0 {
		return Facts{}, false
	}
	first := program[0]
	if first != '/' && first != '.' && (first|0x20 < 'a' || first|0x20 > 'z') {
		return Facts{}, false // such as #![attribute] of Rust
	}
	return Facts{Kind: Script, Interpreter: program, Arguments: strings.TrimSpace(arguments)}, true
}

// portableExecutable knows programs of DOS and Windows.
func portableExecutable(head []byte, _ int64) (Facts, bool) {
	if len(head) < 64 || string(head[:2]) != "MZ" {
		return Facts{}, false
	}
	at := int(binary.LittleEndian.Uint32(head[60:]))
	if at > 0 && at <= len(head)-4 && string(head[at:at+4]) == "PE\x00\x00" {
		return Facts{Kind: Executable, Format: "pe"}, true
	}
	return Facts{Kind: Executable, Format: "dos"}, encodingOf(head, false) == ""
}

// javaClass knows Java classes, and programs of macOS for several machines,
// which have the same magic: there a small count follows, here a version.
func javaClass(head []byte, _ int64) (Facts, bool) {
	if len(head) < 8 || string(head[:4]) != "\xca\xfe\xba\xbe" {
		return Facts{}, false
	}
	if binary.BigEndian.Uint32(head[4:]) < 43 {
		return Facts{Kind: Executable, Format: "mach_o"}, true
	}
	return Facts{Kind: Executable, Format: "java_class"}, true
}

// pythonBytecode knows compiled modules of Python: a version and a line end;
// since Python 3.7 flags follow, which are small. Source: CPython,
// Lib/importlib/_bootstrap_external.py.
func pythonBytecode(head []byte, _ int64) (Facts, bool) {
	if len(head) < 9 || string(head[2:4]) != "\r\n" {
		return Facts{}, false
	}
	version := binary.LittleEndian.Uint16(head)
	old := version >= 62011 && version <= 62211 // 2.3 to 2.7
	early := version >= 3000 && version < 3390  // 3.0 to 3.6
	recent := version >= 3390 && version < 4000 && binary.LittleEndian.Uint32(head[4:]) <= 3
	return Facts{Kind: Executable, Format: "python_bytecode"}, old || early || recent
}

// tarArchive knows tars by the checksum of their first header.
func tarArchive(head []byte, _ int64) (Facts, bool) {
	const block, from, to = 512, 148, 156
	if len(head) < block || head[0] == 0 {
		return Facts{}, false
	}
	digits := bytes.Trim(head[from:to], " \x00")
	if len(digits) == 0 || bytes.IndexByte([]byte("+01234567"), digits[0]) < 0 {
		return Facts{}, false
	}
	stored, err := strconv.ParseInt(string(digits), 8, 32)
	if err != nil {
		return Facts{}, false
	}
	var sum int64
	for i, b := range head[:block] {
		if i >= from && i < to {
			b = ' '
		}
		sum += int64(b)
	}
	return Facts{Kind: Archive, Format: "tar"}, sum == stored
}
