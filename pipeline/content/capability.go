package content

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// CapabilityXattr is the extended attribute that holds file capabilities.
const CapabilityXattr = "security.capability"

// FileCapabilities is what running a file gives to a process.
type FileCapabilities struct {
	Version                uint32 // 1, 2 or 3
	Permitted, Inheritable uint64
	Effective              bool    // they are in effect from the start
	RootUID                *uint32 // user that is root of the user namespace they count in; of version 3
}

// ReadFileCapabilities decodes the extended attribute. Source:
// linux/capability.h, struct vfs_ns_cap_data; always little endian.
func ReadFileCapabilities(value string) (*FileCapabilities, error) {
	const versionMask, effective = 0xff000000, 0x000001 // VFS_CAP_REVISION_MASK, VFS_CAP_FLAGS_EFFECTIVE
	sizes := map[uint32]int{1: 12, 2: 20, 3: 24}
	b := []byte(value)
	if len(b) < 4 {
		return nil, errors.New("shorter than its version")
	}
	magic := binary.LittleEndian.Uint32(b)
	c := &FileCapabilities{Version: magic & versionMask >> 24, Effective: magic&effective != 0}
	if size, ok := sizes[c.Version]; !ok || len(b) != size {
		return nil, fmt.Errorf("version %d with %d bytes", c.Version, len(b))
	}
	word := func(i int) uint64 { return uint64(binary.LittleEndian.Uint32(b[4*i:])) }
	c.Permitted, c.Inheritable = word(1), word(2)
	if c.Version >= 2 {
		c.Permitted |= word(3) << 32
		c.Inheritable |= word(4) << 32
	}
	if c.Version == 3 {
		c.RootUID = new(uint32(word(5)))
	}
	return c, nil
}
