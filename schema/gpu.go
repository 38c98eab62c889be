package schema

// GPUDevice is what CRIU's amdgpu plugin keeps of one device file, or of one
// node of the topology behind /dev/kfd.
type GPUDevice struct {
	_ struct{} `table:"gpu_devices" key:"checkpoint_id criu_image kind position" doc:"A GPU device file, or a node of the topology behind it, of CRIU's amdgpu plugin."`
	_ struct{} `compare:"kind gpu_id node_id pid" show:"vram_bytes"`

	Image                  string   `arrow:"criu_image" was:"image" compare:"no" sensitive:"no" doc:"image it stands in"`
	FileID                 uint64   `arrow:"file_id" compare:"no" range:"uint64" doc:"open device file, see files: the number in the image's name" src:"amdgpu-kfd-*.img, amdgpu-renderD-*.img: name"`
	Kind                   string   `arrow:"kind" sensitive:"no" doc:"kfd: a process's /dev/kfd; kfd_node: a node of its topology, CPU or GPU; render_node: a /dev/dri/renderD*"`
	Position               uint32   `arrow:"position" compare:"no" doc:"position among the nodes of the image, from 0; 0 of others"`
	PID                    *uint32  `arrow:"pid" doc:"kfd: the process, as the driver numbers it" src:"amdgpu-kfd-*.img: criu_kfd.pid"`
	GPUCount               *uint32  `arrow:"gpu_count" doc:"kfd: GPUs it uses" src:"amdgpu-kfd-*.img: criu_kfd.num_of_gpus"`
	CPUCount               *uint32  `arrow:"cpu_count" doc:"kfd: CPU nodes of the topology" src:"amdgpu-kfd-*.img: criu_kfd.num_of_cpus"`
	BufferCount            *uint64  `arrow:"buffer_count" range:"uint64" doc:"kfd, render_node: buffers, see gpu_buffers" src:"amdgpu-kfd-*.img: criu_kfd.num_of_bos; amdgpu-renderD-*.img: criu_render_node.num_of_bos"`
	ObjectCount            *uint32  `arrow:"object_count" doc:"kfd: queues, events and memory ranges in private_data" src:"amdgpu-kfd-*.img: criu_kfd.num_of_objects"`
	SharedMemBytes         *uint64  `arrow:"shared_memory_bytes" range:"uint64" doc:"kfd: size of the runtime's /dev/shm/hsakmt_shared_mem; 0 for none" src:"amdgpu-kfd-*.img: criu_kfd.shared_mem_size"`
	SharedMemMagic         *uint32  `arrow:"shared_memory_magic" doc:"kfd: its first word" src:"amdgpu-kfd-*.img: criu_kfd.shared_mem_magic"`
	PrivateData            []byte   `arrow:"private_data" compare:"no" payload:"yes" sensitive:"payloads" doc:"kfd: the driver's own state, opaque; NULL without --payloads, cut at --payload-limit" src:"amdgpu-kfd-*.img: criu_kfd.priv_data"`
	PrivateBytes           *uint64  `arrow:"private_data_bytes" range:"uint64" doc:"kfd: bytes of it" src:"amdgpu-kfd-*.img: criu_kfd.priv_data"`
	PrivateSHA256          *string  `arrow:"private_data_sha256" encode:"plain,bloom" sensitive:"payloads" doc:"kfd: SHA-256 of it, lower-case hexadecimal" src:"amdgpu-kfd-*.img: criu_kfd.priv_data"`
	RenderID               *uint32  `arrow:"render_id" doc:"render_node: CRIU's number of it" src:"amdgpu-renderD-*.img: criu_render_node.id"`
	GPUID                  *uint32  `arrow:"gpu_id" doc:"the driver's number of the GPU; 0 of a CPU node" src:"amdgpu-kfd-*.img: kfd_device_entry.gpu_id; amdgpu-renderD-*.img: criu_render_node.gpu_id"`
	DRMRenderMinor         *uint32  `arrow:"drm_render_minor" doc:"minor number of its render node: N in /dev/dri/renderDN" src:"amdgpu-kfd-*.img: kfd_device_entry.drm_render_minor; amdgpu-renderD-*.img: criu_render_node.drm_render_minor"`
	NodeID                 *uint32  `arrow:"node_id" doc:"node of the topology" src:"amdgpu-kfd-*.img: kfd_device_entry.node_id"`
	VendorID               *uint32  `arrow:"vendor_id" doc:"PCI vendor" src:"amdgpu-kfd-*.img: kfd_device_entry.vendor_id"`
	DeviceID               *uint32  `arrow:"device_id" doc:"PCI device" src:"amdgpu-kfd-*.img: kfd_device_entry.device_id"`
	Domain                 *uint32  `arrow:"domain" doc:"PCI domain" src:"amdgpu-kfd-*.img: kfd_device_entry.domain"`
	VRAMBytes              *uint64  `arrow:"vram_bytes" range:"uint64" doc:"memory of the GPU, in bytes" src:"amdgpu-kfd-*.img: kfd_device_entry.vram_size"`
	VRAMPublic             *uint32  `arrow:"vram_public" doc:"not 0: the host reaches all of it" src:"amdgpu-kfd-*.img: kfd_device_entry.vram_public"`
	HiveID                 *uint64  `arrow:"hive_id" range:"uint64" doc:"group of GPUs joined by XGMI; 0 for none" src:"amdgpu-kfd-*.img: kfd_device_entry.hive_id"`
	FirmwareVersion        *uint32  `arrow:"firmware_version" doc:"version of the microcode" src:"amdgpu-kfd-*.img: kfd_device_entry.fw_version"`
	SDMAFirmwareVersion    *uint32  `arrow:"sdma_firmware_version" doc:"version of the DMA engines' firmware" src:"amdgpu-kfd-*.img: kfd_device_entry.sdma_fw_version"`
	Capability             *uint32  `arrow:"capability" doc:"bits of what the node can do, as sysfs shows them" src:"amdgpu-kfd-*.img: kfd_device_entry.capability"`
	CPUCores               *uint32  `arrow:"cpu_core_count" doc:"cores of a CPU node" src:"amdgpu-kfd-*.img: kfd_device_entry.cpu_cores_count"`
	SIMDs                  *uint32  `arrow:"simd_count" doc:"SIMD units of a GPU" src:"amdgpu-kfd-*.img: kfd_device_entry.simd_count"`
	MemoryBanks            *uint32  `arrow:"memory_bank_count" doc:"memory banks" src:"amdgpu-kfd-*.img: kfd_device_entry.mem_banks_count"`
	Caches                 *uint32  `arrow:"cache_count" doc:"caches" src:"amdgpu-kfd-*.img: kfd_device_entry.caches_count"`
	IOLinks                *uint32  `arrow:"io_link_count" doc:"links to other nodes" src:"amdgpu-kfd-*.img: kfd_device_entry.io_links_count"`
	IOLinkTypes            []uint32 `arrow:"io_link_types" doc:"type of each link that was kept: 2 PCI Express, 11 XGMI" src:"amdgpu-kfd-*.img: dev_iolink.type"`
	IOLinkNodes            []uint32 `arrow:"io_link_nodes" doc:"node at the other end of each" src:"amdgpu-kfd-*.img: dev_iolink.node_to_id"`
	MaxWavesPerSIMD        *uint32  `arrow:"max_waves_per_simd" doc:"wavefronts a SIMD unit can hold" src:"amdgpu-kfd-*.img: kfd_device_entry.max_waves_per_simd"`
	LDSKiB                 *uint32  `arrow:"lds_size_kib" doc:"local data share, in KiB" src:"amdgpu-kfd-*.img: kfd_device_entry.lds_size_in_kb"`
	GDSKiB                 *uint32  `arrow:"gds_size_kib" doc:"global data share, in KiB" src:"amdgpu-kfd-*.img: kfd_device_entry.gds_size_in_kb"`
	GWSCount               *uint32  `arrow:"gws_count" doc:"global wave sync resources" src:"amdgpu-kfd-*.img: kfd_device_entry.num_gws"`
	WaveFrontSize          *uint32  `arrow:"wave_front_size" doc:"work items of a wavefront" src:"amdgpu-kfd-*.img: kfd_device_entry.wave_front_size"`
	Arrays                 *uint32  `arrow:"array_count" doc:"shader arrays" src:"amdgpu-kfd-*.img: kfd_device_entry.array_count"`
	SIMDArraysPerEngine    *uint32  `arrow:"simd_arrays_per_engine" doc:"arrays of an engine" src:"amdgpu-kfd-*.img: kfd_device_entry.simd_arrays_per_engine"`
	CUsPerSIMDArray        *uint32  `arrow:"cu_per_simd_array" doc:"compute units of an array" src:"amdgpu-kfd-*.img: kfd_device_entry.cu_per_simd_array"`
	SIMDsPerCU             *uint32  `arrow:"simd_per_cu" doc:"SIMD units of a compute unit" src:"amdgpu-kfd-*.img: kfd_device_entry.simd_per_cu"`
	MaxSlotsScratchCU      *uint32  `arrow:"max_slots_scratch_cu" doc:"slots of scratch memory of a compute unit" src:"amdgpu-kfd-*.img: kfd_device_entry.max_slots_scratch_cu"`
	SDMAEngines            *uint32  `arrow:"sdma_engine_count" doc:"DMA engines" src:"amdgpu-kfd-*.img: kfd_device_entry.num_sdma_engines"`
	SDMAXGMIEngines        *uint32  `arrow:"sdma_xgmi_engine_count" doc:"DMA engines for XGMI" src:"amdgpu-kfd-*.img: kfd_device_entry.num_sdma_xgmi_engines"`
	SDMAQueuesPerEngine    *uint32  `arrow:"sdma_queues_per_engine" doc:"queues of a DMA engine" src:"amdgpu-kfd-*.img: kfd_device_entry.num_sdma_queues_per_engine"`
	CommandProcessorQueues *uint32  `arrow:"cp_queue_count" doc:"queues of the command processor" src:"amdgpu-kfd-*.img: kfd_device_entry.num_cp_queues"`
}

// GPUBuffer is one buffer object of a GPU. Its content is in other images of
// the plugin, which are not read.
type GPUBuffer struct {
	_ struct{} `table:"gpu_buffers" key:"checkpoint_id criu_image position" doc:"A buffer object of a GPU."`
	_ struct{} `compare:"kind gpu_id address handle" show:"size_bytes"`

	Image            string   `arrow:"criu_image" was:"image" compare:"no" sensitive:"no" doc:"image it stands in"`
	FileID           uint64   `arrow:"file_id" compare:"no" range:"uint64" doc:"open device file or dma-buf, see files: the number in the image's name" src:"amdgpu-kfd-*.img, amdgpu-renderD-*.img, amdgpu-dmabuf_*.img: name"`
	Kind             string   `arrow:"kind" sensitive:"no" doc:"kfd: of /dev/kfd; drm: of a render node; dmabuf: a descriptor that shares one"`
	Position         uint32   `arrow:"position" compare:"no" doc:"position in the image, from 0"`
	GPUID            *uint32  `arrow:"gpu_id" doc:"the driver's number of the GPU" src:"amdgpu-kfd-*.img: kfd_bo_entry.gpu_id"`
	Address          *uint64  `arrow:"address" encode:"delta" range:"uint64" doc:"address of it, in the GPU's view of the process" src:"amdgpu-kfd-*.img: kfd_bo_entry.addr; amdgpu-renderD-*.img: drm_bo_entry.addr"`
	Size             *uint64  `arrow:"size_bytes" range:"uint64" doc:"size, in bytes" src:"amdgpu-kfd-*.img: kfd_bo_entry.size; amdgpu-renderD-*.img: drm_bo_entry.size"`
	Offset           *uint64  `arrow:"mmap_offset" encode:"delta" compare:"no" range:"uint64" doc:"offset at which the device file is mapped to reach it" src:"amdgpu-kfd-*.img: kfd_bo_entry.offset; amdgpu-renderD-*.img: drm_bo_entry.offset"`
	AllocFlags       Flags    `arrow:"alloc_flags" doc:"what memory it was asked for; the names are those of its kind" src:"amdgpu-kfd-*.img: kfd_bo_entry.alloc_flags; amdgpu-renderD-*.img: drm_bo_entry.alloc_flags"`
	Handle           *uint32  `arrow:"handle" doc:"GEM handle" src:"amdgpu-kfd-*.img: kfd_bo_entry.handle; amdgpu-renderD-*.img: drm_bo_entry.handle; amdgpu-dmabuf_*.img: criu_dmabuf_node.gem_handle"`
	Alignment        *uint64  `arrow:"alignment" range:"uint64" doc:"drm: alignment, in bytes" src:"amdgpu-renderD-*.img: drm_bo_entry.alignment"`
	PreferredDomains Flags    `arrow:"preferred_domains" doc:"drm: kinds of memory it should be in" src:"amdgpu-renderD-*.img: drm_bo_entry.preferred_domains"`
	IsImport         *bool    `arrow:"is_import" doc:"drm: it was imported from another device file" src:"amdgpu-renderD-*.img: drm_bo_entry.is_import"`
	VMCount          *uint32  `arrow:"vm_mapping_count" doc:"drm: mappings of it in the GPU's address space" src:"amdgpu-renderD-*.img: drm_bo_entry.num_of_vms"`
	VMAddresses      []uint64 `arrow:"vm_addresses" range:"uint64" doc:"drm: address of each mapping" src:"amdgpu-renderD-*.img: drm_vm_entry.addr"`
	VMSizes          []uint64 `arrow:"vm_sizes" range:"uint64" doc:"drm: size of each, in bytes" src:"amdgpu-renderD-*.img: drm_vm_entry.size"`
	VMOffsets        []uint64 `arrow:"vm_offsets" range:"uint64" doc:"drm: offset in the buffer of each, in bytes" src:"amdgpu-renderD-*.img: drm_vm_entry.offset"`
	VMFlags          []uint64 `arrow:"vm_flags" range:"uint64" doc:"drm: flags of each, AMDGPU_VM_PAGE_*: 2 readable, 4 writable, 8 executable" src:"amdgpu-renderD-*.img: drm_vm_entry.flags"`
}
