package schema

// MemoryMapping is one mapping (VMA) of a process.
type MemoryMapping struct {
	_ struct{} `table:"memory_mappings" key:"checkpoint_id pid start_address" doc:"A memory mapping (VMA) of a process."`
	_ struct{} `compare:"pid start_address" show:"end_address perms kind path"`

	PID                        uint32  `arrow:"pid" ref:"processes(pid)" doc:"process"`
	StartAddress               uint64  `arrow:"start_address" encode:"delta" range:"uint64" doc:"first address, as in /proc/PID/maps" src:"mm-*.img: vma_entry.start"`
	EndAddress                 uint64  `arrow:"end_address" encode:"delta" range:"uint64" doc:"address behind the last" src:"mm-*.img: vma_entry.end"`
	SizeBytes                  uint64  `arrow:"size_bytes" range:"uint64" doc:"size, in bytes"`
	Perms                      string  `arrow:"perms" sensitive:"no" doc:"rwxp or rwxs, as in /proc/PID/maps" src:"mm-*.img: vma_entry.prot, flags"`
	FileOffset                 uint64  `arrow:"file_offset" encode:"delta" range:"uint64" doc:"offset in the file or shared object, in bytes" src:"mm-*.img: vma_entry.pgoff"`
	Kind                       string  `arrow:"kind" sensitive:"no" doc:"vdso, vvar, vsyscall, aio, sysv, socket, shared_anon, memfd, device, file, heap, stack, or anon"`
	Path                       Text    `arrow:"path" encode:"bloom" sensitive:"no" doc:"file, device or memfd mapped; else NULL" src:"files.img"`
	FileID                     *uint32 `arrow:"file_id" ref:"files(file_id)" compare:"no" doc:"its row in files" src:"mm-*.img: vma_entry.shmid"`
	ShmemID                    *uint64 `arrow:"shmem_id" ref:"shared_memory(shmem_id)" compare:"no" range:"uint64" doc:"shared object mapped, see shared_memory" src:"mm-*.img: vma_entry.shmid"`
	Shmid                      uint64  `arrow:"shmid" was:"shmid_raw" range:"uint64" doc:"the image's field, whose meaning depends on vma_status" src:"mm-*.img: vma_entry.shmid"`
	FileDeleted                *bool   `arrow:"file_deleted" doc:"the mapped file had been deleted; NULL without a file" src:"remap-fpath.img"`
	BuildID                    *string `arrow:"build_id" encode:"bloom" sensitive:"no" doc:"ELF build id of the mapped file, in hexadecimal" src:"files.img: reg_file_entry.build_id"`
	Readable                   bool    `arrow:"readable" doc:"may be read"`
	Writable                   bool    `arrow:"writable" doc:"may be written"`
	Executable                 bool    `arrow:"executable" doc:"may be executed"`
	Prot                       Flags   `arrow:"prot" doc:"protection" src:"mm-*.img: vma_entry.prot"`
	MapFlags                   Flags   `arrow:"map_flags" doc:"flags of mmap" src:"mm-*.img: vma_entry.flags"`
	VMAStatus                  Flags   `arrow:"vma_status" was:"status" doc:"CRIU's classification" src:"mm-*.img: vma_entry.status"`
	Madvise                    Flags   `arrow:"madvise" doc:"advice given by madvise" src:"mm-*.img: vma_entry.madv"`
	FdFlags                    Flags   `arrow:"fd_flags" doc:"flags the mapped file was opened with" src:"mm-*.img: vma_entry.fdflags"`
	PagesTotal                 uint64  `arrow:"pages_total" compare:"no" range:"uint64" doc:"pages of the mapping"`
	PagesPresent               uint64  `arrow:"pages_present" compare:"no" range:"uint64" doc:"pages with content in this checkpoint; of a shared object those within the mapping, which count in each mapping of it" src:"pagemap-*.img"`
	PagesParent                uint64  `arrow:"pages_parent" compare:"no" range:"uint64" doc:"pages with content in the parent checkpoint" src:"pagemap-*.img"`
	PagesLazyOnly              uint64  `arrow:"pages_lazy_only" compare:"no" range:"uint64" doc:"pages left on the host" src:"pagemap-*.img"`
	IsRWX                      bool    `arrow:"is_rwx" doc:"writable and executable at once"`
	IsExecAnon                 bool    `arrow:"is_exec_anon" doc:"executable without a file: anon, shared_anon, heap, stack, sysv"`
	IsExecDeleted              bool    `arrow:"is_exec_deleted" doc:"executable, of a deleted file"`
	IsExecMemfd                bool    `arrow:"is_exec_memfd" doc:"executable, of a memfd"`
	IsModifiedCode             bool    `arrow:"is_modified_code" compare:"no" doc:"executable private file mapping with pages of its own: code changed in memory. CRIU itself changes one page of each process, in its first executable mapping, to work from within it"`
	ContainsInstructionPointer bool    `arrow:"contains_instruction_pointer" was:"contains_ip" compare:"no" doc:"a thread of the process executes in it"`
}

// Pagemap is one run of pages of one pagemap image.
type Pagemap struct {
	_ struct{} `table:"pagemaps" key:"checkpoint_id kind pid shmem_id position" doc:"A run of pages of a process or shared object, with the place of their content."`
	_ struct{} `notcompared:"tells where pages lie within the images; memory_mappings has the mappings"`

	Kind         string  `arrow:"kind" sensitive:"no" doc:"process, or shared for a shared memory object" src:"pagemap-*.img, pagemap-shmem-*.img"`
	PID          *uint32 `arrow:"pid" was:"pagemap_id" doc:"process, see processes, which a pre-dump does not have; NULL in a shared object" src:"pagemap-*.img: name"`
	ShmemID      *uint64 `arrow:"shmem_id" was:"pagemap_id" ref:"shared_memory(shmem_id)" range:"uint64" doc:"shared object, see shared_memory; NULL in memory of a process" src:"pagemap-shmem-*.img: name"`
	PagesID      *uint32 `arrow:"pages_id" doc:"number of the pages image" src:"pagemap-*.img: pagemap_head.pages_id"`
	Position     uint32  `arrow:"position" doc:"position in the image, from 0"`
	StartAddress uint64  `arrow:"start_address" was:"address" encode:"delta" range:"uint64" doc:"first address; of a shared object, offset within it in bytes" src:"pagemap-*.img: pagemap_entry.vaddr"`
	PageCount    uint64  `arrow:"page_count" range:"uint64" doc:"pages" src:"pagemap-*.img: pagemap_entry.nr_pages, compat_nr_pages"`
	SizeBytes    *uint64 `arrow:"size_bytes" range:"uint64" doc:"size in bytes; NULL where it overflows"`
	Flags        Flags   `arrow:"flags" doc:"where the content is; absent in old images" src:"pagemap-*.img: pagemap_entry.flags"`
	InParent     *bool   `arrow:"in_parent" doc:"the same of old images" src:"pagemap-*.img: pagemap_entry.in_parent"`
	Content      string  `arrow:"content" sensitive:"no" doc:"present: in this checkpoint; parent: in the parent checkpoint; lazy: left on the host"`
	PagesOffset  *uint64 `arrow:"pages_offset" was:"file_offset" encode:"delta" range:"uint64" doc:"offset of the content in the pages image, pages-*.img, in bytes; of present runs; NULL where pages of the image are compressed, or entries of the page map are missing, as the image has more pages"`
}

// SharedMemory is one shared memory object.
type SharedMemory struct {
	_ struct{} `table:"shared_memory" key:"checkpoint_id kind shmem_id" doc:"A shared memory object: memfd, anonymous shared mapping, SysV segment."`
	_ struct{} `compare:"kind name sysv_key" show:"size_bytes pids"`

	Kind         string   `arrow:"kind" sensitive:"no" doc:"memfd, shared_anon, sysv, or unknown where nothing refers to it"`
	ShmemID      uint64   `arrow:"shmem_id" compare:"no" range:"uint64" doc:"inode of the object, or SysV segment id; the two may collide, so kind is part of the key" src:"pagemap-shmem-*.img; memfd.img: memfd_inode_entry.shmid; ipcns-shm-*.img"`
	Name         Text     `arrow:"name" sensitive:"no" doc:"name given to memfd_create" src:"memfd.img: memfd_inode_entry.name"`
	SizeBytes    *uint64  `arrow:"size_bytes" range:"uint64" doc:"size, in bytes; NULL where only its pages are kept" src:"memfd.img: memfd_inode_entry.size; ipcns-shm-*.img: ipc_shm_entry.size"`
	UID          *uint32  `arrow:"uid" doc:"owner, inside the container" src:"memfd.img: memfd_inode_entry.uid; ipcns-shm-*.img: ipc_desc_entry.uid"`
	GID          *uint32  `arrow:"gid" doc:"group" src:"memfd.img: memfd_inode_entry.gid; ipcns-shm-*.img: ipc_desc_entry.gid"`
	Mode         *uint32  `arrow:"mode" doc:"permission bits" src:"memfd.img: memfd_inode_entry.mode; ipcns-shm-*.img: ipc_desc_entry.mode"`
	Seals        Flags    `arrow:"seals" doc:"seals of a memfd" src:"memfd.img: memfd_inode_entry.seals"`
	HugetlbFlag  *uint32  `arrow:"hugetlb_flag" doc:"huge page size bits" src:"memfd.img: memfd_inode_entry.hugetlb_flag; ipcns-shm-*.img: ipc_shm_entry.hugetlb_flag"`
	MemfdInodeID *uint64  `arrow:"memfd_inode_id" compare:"no" range:"uint64" doc:"CRIU's number of the memfd, see files.memfd_inode_id" src:"memfd.img: memfd_inode_entry.inode_id"`
	SysVKey      *uint32  `arrow:"sysv_key" doc:"key of a SysV segment" src:"ipcns-shm-*.img: ipc_desc_entry.key"`
	CreatorUID   *uint32  `arrow:"creator_uid" doc:"user who made a SysV segment" src:"ipcns-shm-*.img: ipc_desc_entry.cuid"`
	CreatorGID   *uint32  `arrow:"creator_gid" doc:"group who made it" src:"ipcns-shm-*.img: ipc_desc_entry.cgid"`
	IpcNsID      *uint32  `arrow:"ipc_ns_id" ref:"namespaces(namespace_id) of kind ipc" compare:"no" doc:"IPC namespace of a SysV segment" src:"ipcns-shm-*.img: name"`
	InPagemaps   *bool    `arrow:"in_pagemaps" compare:"no" doc:"the content of a SysV segment is in pagemap-shmem-*" src:"ipcns-shm-*.img: ipc_shm_entry.in_pagemaps"`
	PagesID      *uint32  `arrow:"pages_id" compare:"no" doc:"number of the pages image" src:"pagemap-shmem-*.img: pagemap_head.pages_id"`
	PagesPresent *uint64  `arrow:"pages_present" compare:"no" range:"uint64" doc:"pages with content; NULL without a pagemap" src:"pagemap-shmem-*.img"`
	PIDs         []uint32 `arrow:"pids" was:"mapper_pids" ref:"processes(pid)" doc:"processes that map it, ascending"`
	IsExecMapped bool     `arrow:"is_exec_mapped" doc:"some process maps it executable"`
}
