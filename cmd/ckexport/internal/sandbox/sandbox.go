// Package sandbox takes from the process what it does not need, before it reads
// what may be hostile. On Linux these are, in every thread, those that C++ code
// has made too:
//
//   - Landlock: files and folders but for those granted, TCP, abstract sockets
//     and signals to others.
//   - seccomp: sockets of any kind, or all but those for connecting over IP where
//     that is granted; starting programs, and calls that reach into
//     other processes or the kernel.
//   - capabilities but for those that open files of other owners.
//   - no_new_privs, and core dumps: the memory holds the secrets of a fleet.
//
// Nothing of it can be taken back. On other systems Confine does nothing and
// says so.
package sandbox

// Access is what may be done with a path and all that is below it. No access
// includes running a program.
type Access uint8

const (
	// Read reads files and lists folders.
	Read Access = 1 << iota
	// Write writes into files that are there, and empties them.
	Write
	// Entries lists, makes, renames and removes folders, and removes files.
	Entries
	// Files makes files, or gives them another name.
	Files
	// Emptied removes folders that are empty.
	Emptied
	// Moves links and renames files and folders from one folder to another,
	// where both have it, and the file does not come to have more access.
	Moves
	// Connect lets the process connect to others over IP. It is of no path.
	Connect
)

// All is every access to a path.
const All = Read | Write | Entries | Files | Emptied | Moves

// Grant is what stays allowed with one path. Links are followed when it is
// granted; a path that does not exist then is passed over.
type Grant struct {
	Path   string
	Access Access
}

// State tells what Confine has put in force.
type State struct {
	// ABI is the version of Landlock's interface, 0 where files are not confined.
	ABI int
	// Missing says what this system can't do.
	Missing []string
}
