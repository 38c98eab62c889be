// Package content tells what a file is by its bytes: programs, scripts,
// archives, keys, text. It takes the bytes as they pass by and keeps few of
// them: the first 64 KiB, and of ELF files the tables that their header points
// to. Whatever it is given is read, checked at each step, and never run.
package content

// headBytes is how many bytes of a file are kept; kinds are told by them.
const headBytes = 64 << 10

// Kinds of content.
const (
	Empty       = "empty"
	ELF         = "elf"
	Script      = "script"     // begins with #! and the program that runs it
	Executable  = "executable" // other than ELF
	Archive     = "archive"    // archives, packages, and single compressed files
	PrivateKey  = "private_key"
	Certificate = "certificate"
	PublicKey   = "public_key"
	Keystore    = "keystore" // holds keys and certificates, usually encrypted
	Database    = "database"
	Document    = "document"
	Media       = "media" // image, sound, film
	Font        = "font"
	Text        = "text"
	Data        = "data" // none of the above
)

// Facts is what the bytes of a file tell.
type Facts struct {
	Kind   string
	Format string // within the kind, such as gzip or pem; empty if none is known
	ELF    *ELFFacts
	// Interpreter of a script, and what stands behind it in its first line.
	Interpreter, Arguments string
}

// Sniffer takes the bytes of one file after another. It is an io.Writer that
// never fails.
type Sniffer struct {
	head    []byte
	size    int64
	started bool
	elf     *elfReader // nil where the file is none
}

// Reset prepares for another file.
func (s *Sniffer) Reset() {
	*s = Sniffer{head: s.head[:0]}
}

// Write takes the next bytes of the file.
func (s *Sniffer) Write(p []byte) (int, error) {
	n := len(p)
	position := s.size
	s.size += int64(n)
	if room := headBytes - len(s.head); room > 0 {
		if s.head == nil {
			s.head = make([]byte, 0, headBytes)
		}
		taken := min(room, n)
		s.head = append(s.head, p[:taken]...)
		if len(s.head) < headBytes {
			return n, nil
		}
		s.start()
		position, p = position+int64(taken), p[taken:]
	}
	if s.elf != nil {
		s.elf.take(position, p)
	}
	return n, nil
}

// start looks at the first bytes, when all of them are there.
func (s *Sniffer) start() {
	if !s.started {
		s.started = true
		s.elf = newELFReader(s.head)
	}
}

// Facts tells what the file is, after its last byte.
func (s *Sniffer) Facts() Facts {
	s.start()
	if s.elf != nil {
		return Facts{Kind: ELF, ELF: s.elf.facts()}
	}
	return kindOf(s.head, s.size)
}
