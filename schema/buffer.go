package schema

// PipeBuffer is what waits in one pipe or FIFO.
type PipeBuffer struct {
	_ struct{} `table:"pipe_buffers" key:"checkpoint_id kind position" doc:"What waits in a pipe or FIFO."`
	_ struct{} `compare:"kind path pids" show:"size_bytes sha256"`

	Kind     string   `arrow:"kind" sensitive:"no" doc:"pipe or fifo"`
	PipeID   uint32   `arrow:"pipe_id" compare:"no" doc:"inode of it; its ends in files have the same" src:"pipes-data.img: pipe_data_entry.pipe_id; fifo-data.img: pipe_data_entry.pipe_id"`
	Position uint32   `arrow:"position" compare:"no" doc:"position in the image, from 0"`
	Path     Text     `arrow:"path" encode:"bloom" sensitive:"no" doc:"path of a FIFO"`
	FileIDs  []uint32 `arrow:"file_ids" ref:"files(file_id)" compare:"no" doc:"its ends, see files"`
	PIDs     []uint32 `arrow:"pids" ref:"processes(pid)" doc:"processes that hold an end, ascending"`
	Size     uint32   `arrow:"size_bytes" doc:"bytes written and not yet read" src:"pipes-data.img: pipe_data_entry.bytes; fifo-data.img: pipe_data_entry.bytes"`
	Capacity *uint32  `arrow:"capacity_bytes" doc:"bytes it can hold" src:"pipes-data.img: pipe_data_entry.size; fifo-data.img: pipe_data_entry.size"`
	SHA256   *string  `arrow:"sha256" encode:"plain,bloom" sensitive:"payloads" doc:"SHA-256 of what waits, lower-case hexadecimal; NULL where cut short"`
	Data     []byte   `arrow:"data" compare:"no" payload:"yes" sensitive:"payloads" doc:"what waits, from the byte read next; NULL without --payloads, cut at --payload-limit"`
}

// TTY is one terminal.
type TTY struct {
	_ struct{} `table:"ttys" key:"checkpoint_id tty_id" doc:"A terminal."`
	_ struct{} `compare:"type path pty_index" show:"session_id rows columns"`

	TTYID       uint32   `arrow:"tty_id" compare:"no" doc:"CRIU's number of it, see files.tty_info_id" src:"tty-info.img: tty_info_entry.id; tty-data.img: tty_data_entry.tty_id"`
	Type        Enum     `arrow:"type" doc:"PTY, CONSOLE, VT, CTTY (/dev/tty), EXT_TTY (provided from outside), SERIAL" src:"tty-info.img: tty_info_entry.type"`
	Path        Text     `arrow:"path" encode:"bloom" sensitive:"no" doc:"path it was opened by"`
	FileIDs     []uint32 `arrow:"file_ids" ref:"files(file_id)" compare:"no" doc:"open files of it, see files"`
	SessionID   *uint32  `arrow:"session_id" doc:"session whose controlling terminal it is; 0 for none" src:"tty-info.img: tty_info_entry.sid"`
	PGID        *uint32  `arrow:"foreground_pgid" doc:"process group in the foreground; 0 for none" src:"tty-info.img: tty_info_entry.pgrp"`
	Locked      *bool    `arrow:"locked" doc:"the slave of the pty cannot be opened" src:"tty-info.img: tty_info_entry.locked"`
	Exclusive   *bool    `arrow:"exclusive" doc:"no one else may open it" src:"tty-info.img: tty_info_entry.exclusive"`
	PacketMode  *bool    `arrow:"packet_mode" doc:"the master of the pty reads in packets" src:"tty-info.img: tty_info_entry.packet_mode"`
	RDevice     Device   `arrow:"rdev" compare:"no" doc:"device number of the terminal" src:"tty-info.img: tty_info_entry.rdev"`
	Device      Device   `arrow:"device" compare:"no" doc:"device of the file system its node is in" src:"tty-info.img: tty_info_entry.dev"`
	PtyIndex    *uint32  `arrow:"pty_index" doc:"number of the pty: N in /dev/pts/N" src:"tty-info.img: tty_pty_entry.index"`
	UID         *uint32  `arrow:"uid" doc:"owner" src:"tty-info.img: tty_info_entry.uid"`
	GID         *uint32  `arrow:"gid" doc:"group" src:"tty-info.img: tty_info_entry.gid"`
	Rows        *uint32  `arrow:"rows" doc:"lines of the window" src:"tty-info.img: winsize_entry.ws_row"`
	Columns     *uint32  `arrow:"columns" doc:"characters in a line" src:"tty-info.img: winsize_entry.ws_col"`
	XPixels     *uint32  `arrow:"x_pixels" doc:"width of the window in pixels; 0 if not told" src:"tty-info.img: winsize_entry.ws_xpixel"`
	YPixels     *uint32  `arrow:"y_pixels" doc:"height of the window in pixels; 0 if not told" src:"tty-info.img: winsize_entry.ws_ypixel"`
	InputFlags  Flags    `arrow:"input_flags" doc:"termios: treatment of input; NULL of one that was hung up, as is all of termios" src:"tty-info.img: termios_entry.c_iflag"`
	OutputFlags Flags    `arrow:"output_flags" doc:"termios: treatment of output" src:"tty-info.img: termios_entry.c_oflag"`
	ControlFlgs Flags    `arrow:"control_flags" doc:"termios: the line" src:"tty-info.img: termios_entry.c_cflag"`
	LocalFlags  Flags    `arrow:"local_flags" doc:"termios: echo, line editing, signals" src:"tty-info.img: termios_entry.c_lflag"`
	LineDisc    *uint32  `arrow:"line_discipline" doc:"termios: number of the line discipline" src:"tty-info.img: termios_entry.c_line"`
	InputSpeed  *uint32  `arrow:"input_speed" doc:"termios: input speed; CRIU leaves it 0, control_flags has the speed" src:"tty-info.img: termios_entry.c_ispeed"`
	OutputSpeed *uint32  `arrow:"output_speed" doc:"termios: output speed, likewise" src:"tty-info.img: termios_entry.c_ospeed"`
	ControlChrs []uint32 `arrow:"control_characters" doc:"termios: the 19 special characters, by their position (0 INTR, 1 QUIT, 2 ERASE, ...)" src:"tty-info.img: termios_entry.c_cc"`
	ControlRaw  []uint32 `arrow:"control_characters_raw" compare:"no" sensitive:"payloads" doc:"termios: the words as kept: CRIU copies the characters into the first of them a byte each; behind the 8th is chance memory of CRIU" src:"tty-info.img: termios_entry.c_cc"`

	LockedInput       *uint32  `arrow:"locked_input_flags" doc:"termios: bits of input_flags that may not be changed" src:"tty-info.img: tty_info_entry.termios_locked, termios_entry.c_iflag"`
	LockedOutput      *uint32  `arrow:"locked_output_flags" doc:"the same of output_flags" src:"tty-info.img: tty_info_entry.termios_locked, termios_entry.c_oflag"`
	LockedControl     *uint32  `arrow:"locked_control_flags" doc:"the same of control_flags" src:"tty-info.img: tty_info_entry.termios_locked, termios_entry.c_cflag"`
	LockedLocal       *uint32  `arrow:"locked_local_flags" doc:"the same of local_flags" src:"tty-info.img: tty_info_entry.termios_locked, termios_entry.c_lflag"`
	LockedLineDisc    *uint32  `arrow:"locked_line_discipline" doc:"not 0: the line discipline may not be changed" src:"tty-info.img: tty_info_entry.termios_locked, termios_entry.c_line"`
	LockedInputSpeed  *uint32  `arrow:"locked_input_speed" doc:"the same field of the locks" src:"tty-info.img: tty_info_entry.termios_locked, termios_entry.c_ispeed"`
	LockedOutputSpeed *uint32  `arrow:"locked_output_speed" doc:"the same field of the locks" src:"tty-info.img: tty_info_entry.termios_locked, termios_entry.c_ospeed"`
	LockedControlChrs []uint32 `arrow:"locked_control_characters" doc:"not 0: the special character of that position may not be changed" src:"tty-info.img: tty_info_entry.termios_locked, termios_entry.c_cc"`
	LockedControlRaw  []uint32 `arrow:"locked_control_characters_raw" compare:"no" sensitive:"payloads" doc:"the words as kept, see control_characters_raw" src:"tty-info.img: tty_info_entry.termios_locked, termios_entry.c_cc"`

	InputBytes  *uint64 `arrow:"size_bytes" range:"int64" doc:"bytes of input not yet read; may hold what was typed, passwords too; NULL where none was saved" src:"tty-data.img: tty_data_entry.data"`
	InputSHA256 *string `arrow:"sha256" encode:"plain,bloom" sensitive:"payloads" doc:"SHA-256 of the input, lower-case hexadecimal" src:"tty-data.img: tty_data_entry.data"`
	Data        []byte  `arrow:"data" compare:"no" payload:"yes" sensitive:"payloads" doc:"the input; NULL without --payloads, cut at --payload-limit" src:"tty-data.img: tty_data_entry.data"`
}

// BPFMap is one open BPF map, with its content.
type BPFMap struct {
	_ struct{} `table:"bpf_maps" doc:"An open BPF map, with its content."`
	_ struct{} `compare:"name type" show:"entry_count sha256"`

	FileID      *uint32  `arrow:"file_id" ref:"files(file_id)" compare:"no" doc:"its row in files; NULL where only content was saved" src:"files.img: bpfmap_file_entry.id"`
	MapID       uint32   `arrow:"map_id" compare:"no" doc:"the kernel's number of the map on the host" src:"files.img: bpfmap_file_entry.map_id; bpfmap-data.img: bpfmap_data_entry.map_id"`
	Name        Text     `arrow:"name" sensitive:"no" doc:"name of the map" src:"files.img: bpfmap_file_entry.map_name"`
	Type        Enum     `arrow:"type" doc:"kind of map; CRIU saves HASH and ARRAY only" src:"files.img: bpfmap_file_entry.map_type"`
	KeySize     *uint32  `arrow:"key_size" doc:"bytes of a key" src:"files.img: bpfmap_file_entry.key_size"`
	ValueSize   *uint32  `arrow:"value_size" doc:"bytes of a value" src:"files.img: bpfmap_file_entry.value_size"`
	MaxEntries  *uint32  `arrow:"max_entries" doc:"pairs it can hold" src:"files.img: bpfmap_file_entry.max_entries"`
	MapFlags    Flags    `arrow:"map_flags" doc:"flags it was made with" src:"files.img: bpfmap_file_entry.map_flags"`
	MapExtra    *uint64  `arrow:"map_extra" range:"uint64" doc:"further setting of some kinds" src:"files.img: bpfmap_file_entry.map_extra"`
	Memlock     *uint64  `arrow:"memlock_bytes" range:"uint64" doc:"memory it is accounted for, in bytes" src:"files.img: bpfmap_file_entry.memlock"`
	Frozen      *bool    `arrow:"frozen" doc:"programs can no longer change it by system calls" src:"files.img: bpfmap_file_entry.frozen"`
	InterfaceIx *uint32  `arrow:"interface_index" doc:"interface it was offloaded to; 0 for none" src:"files.img: bpfmap_file_entry.ifindex"`
	PIDs        []uint32 `arrow:"pids" ref:"processes(pid)" doc:"processes that hold it, ascending"`
	EntryCount  *uint32  `arrow:"entry_count" doc:"pairs it holds; NULL where its content is not in the checkpoint" src:"bpfmap-data.img: bpfmap_data_entry.count"`
	KeysBytes   *uint32  `arrow:"keys_bytes" doc:"bytes of all keys" src:"bpfmap-data.img: bpfmap_data_entry.keys_bytes"`
	ValuesBytes *uint32  `arrow:"values_bytes" doc:"bytes of all values" src:"bpfmap-data.img: bpfmap_data_entry.values_bytes"`
	Size        *uint64  `arrow:"size_bytes" range:"int64" doc:"bytes of keys and values together"`
	SHA256      *string  `arrow:"sha256" encode:"plain,bloom" sensitive:"payloads" doc:"SHA-256 of all keys, then all values, lower-case hexadecimal; NULL where cut short"`
	Data        []byte   `arrow:"data" compare:"no" payload:"yes" sensitive:"payloads" doc:"all keys, then all values: key_size and value_size bytes each; NULL without --payloads, cut at --payload-limit"`
	Keys        [][]byte `arrow:"keys" compare:"no" payload:"yes" sensitive:"payloads" doc:"the keys one by one; NULL without --payloads; those whose pairs go beyond --payload-limit are left out"`
	Values      [][]byte `arrow:"values" compare:"no" payload:"yes" sensitive:"payloads" doc:"the value of each key"`
}
