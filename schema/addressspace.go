package schema

// AuxiliaryValue is one entry of the auxiliary vector that the kernel gave a
// process at its start.
type AuxiliaryValue struct {
	_ struct{} `table:"auxiliary_vectors" key:"checkpoint_id pid position" doc:"A value of a process's auxiliary vector: what the kernel told the program at its start."`
	_ struct{} `compare:"pid type_code" order:"position" show:"type value text"`

	PID      uint32 `arrow:"pid" ref:"processes(pid)" doc:"process"`
	Position uint32 `arrow:"position" doc:"position in the vector, from 0" src:"mm-*.img: mm_entry.mm_saved_auxv"`
	Type     Enum   `arrow:"type" doc:"AT_* name of the entry" src:"mm-*.img: mm_entry.mm_saved_auxv"`
	Value    uint64 `arrow:"value" range:"uint64" doc:"its value: a number or an address" src:"mm-*.img: mm_entry.mm_saved_auxv"`
	Text     Text   `arrow:"text" sensitive:"no" doc:"AT_EXECFN (the program as it was called), AT_PLATFORM, AT_BASE_PLATFORM: text at that address; NULL for others, and where the checkpoint does not hold the memory" src:"pages-*.img at mm_entry.mm_saved_auxv"`
}

// AIORing is one context of asynchronous I/O (io_setup).
type AIORing struct {
	_ struct{} `table:"aio_rings" key:"checkpoint_id pid context_id" doc:"A context of asynchronous I/O of a process."`
	_ struct{} `compare:"pid context_id" show:"nr_requests"`

	PID         uint32  `arrow:"pid" ref:"processes(pid)" doc:"process"`
	ContextID   *uint64 `arrow:"context_id" range:"uint64" doc:"id of the context: address of its ring, see memory_mappings" src:"mm-*.img: aio_ring_entry.id"`
	NrRequests  *uint32 `arrow:"nr_requests" doc:"requests it has room for" src:"mm-*.img: aio_ring_entry.nr_req"`
	RingLength  *uint32 `arrow:"ring_length" doc:"size of the ring, in bytes" src:"mm-*.img: aio_ring_entry.ring_len"`
	MappingKind *string `arrow:"mapping_kind" sensitive:"no" doc:"kind of the mapping at its address; NULL if there is none"`
}
