package sandbox

import (
	"errors"
	"fmt"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// rights are Landlock's, by access. A folder's rights hold for all below it.
var rights = []struct {
	access Access
	rights landlock.AccessFSSet
}{
	{Read, unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR},
	{Write, unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE},
	{Entries, unix.LANDLOCK_ACCESS_FS_READ_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE},
	// Links and the like that someone put into an output are kept.
	{Files, unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SYM | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK},
	{Emptied, unix.LANDLOCK_ACCESS_FS_REMOVE_DIR},
	{Moves, unix.LANDLOCK_ACCESS_FS_REFER},
}

// ofFiles are the rights that a rule for a file can have.
const ofFiles landlock.AccessFSSet = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE

// system is what runtimes read late: DuckDB how much memory and how many
// processors its control group has, the allocators of C the settings of memory,
// Go and DuckDB the time zone.
var system = []string{
	"/proc/self/cgroup", "/sys/fs/cgroup", "/sys/devices/system/cpu/online", "/proc/sys/vm/overcommit_memory",
	"/etc/localtime", "/usr/share/zoneinfo",
}

// minABI is the first version that lets files move between folders; without
// it no output could be put in place. Linux has it since 5.19.
const minABI = 2

// truncateABI is the first version that knows emptying files as writing.
const truncateABI = 3

// confineFiles applies Landlock to all threads.
func (s *State) confineFiles(grants []Grant, connect bool) error {
	abi, err := landlockABI()
	if err != nil {
		s.Missing = append(s.Missing, fmt.Sprintf("Landlock: %v", err))
		return nil
	}
	if abi < minABI {
		s.Missing = append(s.Missing, fmt.Sprintf("Landlock is of version %d, needed is %d", abi, minABI))
		return nil
	}
	var rules []landlock.Rule
	for _, path := range system {
		grants = append(grants, Grant{path, Read})
	}
	for _, g := range grants {
		if rule, ok := ruleOf(g); ok {
			rules = append(rules, rule)
		}
	}
	// What is not granted is denied, as far as this kernel knows it.
	config := landlock.V11
	if connect { // servers are known by names that lead anywhere
		config.HandledAccessNet = unix.LANDLOCK_ACCESS_NET_BIND_TCP
	}
	if err := config.BestEffort().Restrict(rules...); err != nil {
		return err
	}
	s.ABI = abi
	if abi < truncateABI {
		s.Missing = append(s.Missing, fmt.Sprintf("Landlock of version %d does not keep files from being emptied", abi))
	}
	return nil
}

// landlockABI returns the version of the kernel's Landlock.
func landlockABI() (int, error) {
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	switch {
	case errors.Is(errno, unix.ENOSYS):
		return 0, errors.New("the kernel has none")
	case errors.Is(errno, unix.EOPNOTSUPP):
		return 0, errors.New("the kernel was started without it")
	case errno != 0:
		return 0, errno
	}
	return int(v), nil
}

// ruleOf returns the rule for a grant; none for what is neither a file nor a
// folder, or is not there: whoever uses it will find that out.
func ruleOf(g Grant) (landlock.Rule, bool) {
	info, err := os.Stat(g.Path)
	if err != nil {
		return nil, false
	}
	var set landlock.AccessFSSet
	for _, r := range rights {
		if g.Access&r.access != 0 {
			set |= r.rights
		}
	}
	switch {
	case info.Mode().IsRegular():
		set &= ofFiles
	case !info.IsDir():
		return nil, false
	}
	return landlock.PathAccess(set, g.Path).IgnoreIfMissing(), true
}
