package schema

// The types in this file are columns that always come together. A field of
// such a type becomes several columns: its tag's name plus each suffix below.

// Text is a byte string that is text in nearly all cases: a path, a name, an
// argument. Where the bytes are valid UTF-8 without NUL, Text holds them and
// Raw is nil; elsewhere Text is an escaped form and Raw the exact bytes.
type Text struct {
	Text *string `suffix:""`
	Raw  []byte  `suffix:"_raw" doc:"the exact bytes, where the text form is escaped (not valid UTF-8, or NUL within); else NULL"`
}

// TextList is a list of byte strings that are text in nearly all cases. Raw
// is nil when every element is exact.
type TextList struct {
	Text []string `suffix:""`
	Raw  [][]byte `suffix:"_raw" doc:"the exact bytes of each element, where any text form is escaped; else NULL"`
}

// Flags is a bit set: the raw number, and the names of its bits. Bits that
// have no name here stay in the list as one hexadecimal number.
type Flags struct {
	Bits  *uint64  `suffix:"" range:"uint64"`
	Names []string `suffix:"_names" doc:"names of the set bits; unknown bits as one hexadecimal number"`
}

// Enum is a value of an enumeration: its name, and the raw number. An unknown
// number is named UNKNOWN(n).
type Enum struct {
	Name *string `suffix:""`
	Code *int64  `suffix:"_code" doc:"the raw number of the value"`
}

// IP is an address of IPv4 or IPv6.
type IP struct {
	Text  *string `suffix:""`
	Bytes []byte  `suffix:"_bytes" doc:"the address as 4 or 16 bytes in network order"`
}

// Device is a kernel device number.
type Device struct {
	Raw   *uint32 `suffix:""`
	Major *uint32 `suffix:"_major" doc:"major number of the device"`
	Minor *uint32 `suffix:"_minor" doc:"minor number of the device"`
}
