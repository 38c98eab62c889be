package schema

// MemoryELFHeader is an ELF image found in memory.
type MemoryELFHeader struct {
	_ struct{} `table:"memory_elf_headers" memory:"headers" key:"checkpoint_id pid shmem_id address" doc:"An ELF image whose first page is in the checkpoint: programs and libraries in memfds and anonymous memory, the vDSO, files whose first page was written to. Of files that are mapped unchanged a checkpoint keeps no pages, so that these have no row. With --memory headers only."`
	_ struct{} `compare:"pid path address" show:"mapping_kind perms type machine build_id"`

	PID          *uint32  `arrow:"pid" doc:"process, see processes, which a pre-dump does not have; NULL in a shared object"`
	ShmemID      *uint64  `arrow:"shmem_id" ref:"shared_memory(shmem_id)" compare:"no" range:"uint64" doc:"shared object, see shared_memory; NULL in memory of a process"`
	Address      uint64   `arrow:"address" encode:"delta" range:"uint64" doc:"where the header is; in a shared object, the offset" src:"pages-*.img"`
	Evidence     string   `arrow:"evidence" sensitive:"no" doc:"header; program_headers: the header was overwritten, and the program headers behind it were not: then entry, and where these do not tell it machine and type, are NULL"`
	Class        string   `arrow:"class" sensitive:"no" doc:"word size: ELF32 or ELF64" src:"ELF header: e_ident[EI_CLASS]"`
	ByteOrder    string   `arrow:"byte_order" sensitive:"no" doc:"little or big" src:"ELF header: e_ident[EI_DATA]"`
	Machine      Enum     `arrow:"machine" doc:"processor it is made for: X86_64, AARCH64, ..." src:"ELF header: e_machine"`
	Type         Enum     `arrow:"type" doc:"EXEC: a program at fixed addresses; DYN: a position-independent program or a library; REL: an object file or kernel module; CORE: a core dump" src:"ELF header: e_type"`
	Entry        *uint64  `arrow:"entry" range:"uint64" doc:"where the program begins, as the header has it" src:"ELF header: e_entry"`
	MappingKind  *string  `arrow:"mapping_kind" sensitive:"no" doc:"kind of the mapping, see memory_mappings.kind, or of the shared object, see shared_memory.kind; NULL where no mapping holds the address"`
	Path         Text     `arrow:"path" encode:"bloom" sensitive:"no" doc:"file, device or memfd mapped, or name of the shared object; else NULL"`
	Perms        *string  `arrow:"perms" sensitive:"no" doc:"of the mapping, as memory_mappings.perms; NULL in a shared object"`
	FileDeleted  *bool    `arrow:"file_deleted" doc:"the mapped file had been deleted; NULL without a file"`
	IsMappedFile bool     `arrow:"is_mapped_file" doc:"it is the header of the mapped file, or of the memfd, itself: it stands where the first byte of that is"`
	BuildID      *string  `arrow:"build_id" encode:"bloom" sensitive:"no" doc:"build id, in hexadecimal; NULL without one, and where its page is not in the checkpoint" src:"ELF note NT_GNU_BUILD_ID"`
	Needed       []string `arrow:"needed" sensitive:"no" doc:"libraries it needs; NULL where the pages that tell are not in the checkpoint" src:"ELF dynamic section: DT_NEEDED"`
	SizeBytes    *uint64  `arrow:"size_bytes" range:"uint64" doc:"size of the image as it is mapped, in a shared object as a file, in bytes; NULL where its program headers are not in the checkpoint" src:"ELF program headers"`
	Inherited    bool     `arrow:"inherited" doc:"the page is one of the parent checkpoint"`
}

// MemoryPage is a page of memory.
type MemoryPage struct {
	_ struct{} `table:"memory_pages" memory:"pages" key:"checkpoint_id pid shmem_id address" doc:"A page of memory of a process or shared object, by its hash. Pages that are not in the archive have no row. With --memory pages only."`
	_ struct{} `compare:"pid path address" show:"mapping_kind sha256"`

	PID         *uint32 `arrow:"pid" doc:"process, see processes, which a pre-dump does not have; NULL in a shared object"`
	ShmemID     *uint64 `arrow:"shmem_id" ref:"shared_memory(shmem_id)" compare:"no" range:"uint64" doc:"shared object, see shared_memory; NULL in memory of a process"`
	Address     uint64  `arrow:"address" encode:"delta" range:"uint64" doc:"of its first byte; in a shared object, the offset" src:"pages-*.img"`
	MappingKind *string `arrow:"mapping_kind" sensitive:"no" doc:"kind of the mapping, see memory_mappings.kind, or of the shared object, see shared_memory.kind; NULL where no mapping holds the address"`
	Perms       *string `arrow:"perms" sensitive:"no" doc:"of the mapping, as memory_mappings.perms; NULL in a shared object"`
	Path        Text    `arrow:"path" sensitive:"no" doc:"file, device or memfd mapped, or name of the shared object; else NULL"`
	FileOffset  *uint64 `arrow:"file_offset" encode:"delta" compare:"no" range:"uint64" doc:"offset of the page in that file, in bytes; NULL without one"`
	SHA256      string  `arrow:"sha256" encode:"plain,bloom" sensitive:"any" doc:"SHA-256 of the page, in hexadecimal"`
	IsZero      bool    `arrow:"is_zero" compare:"no" doc:"all bytes are zero"`
	Entropy     float64 `arrow:"entropy" compare:"no" doc:"entropy of its bytes, in bits per byte, to three digits: 0 for one byte again and again; near 8 for what is compressed, encrypted or random"`
	Inherited   bool    `arrow:"inherited" compare:"no" doc:"the page is one of the parent checkpoint"`
}

// MemoryString is a text of some meaning in memory.
type MemoryString struct {
	_ struct{} `table:"memory_strings" memory:"strings" key:"checkpoint_id pid shmem_id encoding class value" doc:"A text in memory that means something by its form: an address, a path, a key. Equal texts of a process or shared object have one row. In UTF-16 only ASCII characters are looked for. With --memory strings only."`
	_ struct{} `compare:"pid encoding class value" show:"mapping_kind"`

	PID         *uint32 `arrow:"pid" doc:"process, see processes, which a pre-dump does not have; NULL in a shared object"`
	ShmemID     *uint64 `arrow:"shmem_id" ref:"shared_memory(shmem_id)" compare:"no" range:"uint64" doc:"shared object, see shared_memory; NULL in memory of a process"`
	Address     uint64  `arrow:"address" encode:"delta" compare:"no" range:"uint64" doc:"of its first byte, where it stands several times the lowest; in a shared object, the offset" src:"pages-*.img"`
	MappingKind *string `arrow:"mapping_kind" sensitive:"no" doc:"kind of the mapping there, see memory_mappings.kind, or of the shared object, see shared_memory.kind; NULL where no mapping holds the address"`
	Encoding    string  `arrow:"encoding" sensitive:"no" doc:"ascii, utf-8 where it has other characters too, utf-16le"`
	Class       string  `arrow:"class" sensitive:"no" doc:"url, email, domain, ipv4, ipv6, path, uuid, jwt, private_key, aws_access_key_id, github_token, github_pat, gitlab_token, npm_token, slack_token, stripe_key, google_api_key, secret (a name that secrets go by, with a value), credit_card"`
	Value       Text    `arrow:"value" encode:"bloom" sensitive:"any" doc:"the text"`
	IsChecked   *bool   `arrow:"is_checked" compare:"no" doc:"the checksum in it holds, or what it is made of can be read; false where not, which may be an example or damage; NULL for classes without a check. Numbers of cards whose checksum does not hold have no row"`
	Count       uint64  `arrow:"count" compare:"no" range:"int64" doc:"how often it stands there"`
}
