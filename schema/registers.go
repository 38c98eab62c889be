package schema

// ThreadRegisters are the registers of one thread.
type ThreadRegisters struct {
	_ struct{} `table:"registers" key:"checkpoint_id tid" doc:"The registers of a thread; the view register_values has a row for each of them."`
	_ struct{} `notcompared:"is the state of a moment: it differs whenever a thread runs"`
	_ struct{} `ref:"pid tid to threads(pid tid)"`

	PID       uint32     `arrow:"pid" doc:"process" src:"pstree.img: pstree_entry.pid"`
	TID       uint32     `arrow:"tid" doc:"thread" src:"core-*.img: name"`
	Arch      string     `arrow:"arch" sensitive:"no" doc:"processor architecture, CRIU's name in lower case" src:"core-*.img: core_entry.mtype"`
	Registers []Register `arrow:"registers" doc:"all registers; parts of the processor's state that the image lacks are not among them" src:"core-*.img: user_x86_regs_entry.*, user_x86_fpregs_entry.*, user_x86_xsave_entry.*, user_x86_cet_entry.*, thread_info_aarch64.tls, user_aarch64_regs_entry.*, user_aarch64_fpsimd_context_entry.*, pac_keys.*, pac_address_keys.*, pac_generic_keys.*, thread_info_arm.tls, user_arm_regs_entry.*, user_arm_vfpstate_entry.*, user_ppc64_regs_entry.*, user_ppc64_fpstate_entry.*, user_ppc64_vrstate_entry.*, user_ppc64_vsxstate_entry.*, user_ppc64_tm_regs_entry.*, user_s390_regs_entry.*, user_s390_fpregs_entry.*, user_s390_vxrs_low_entry.*, user_s390_vxrs_high_entry.*, user_s390_gs_cb_entry.*, user_s390_ri_entry.*, thread_info_mips.tls, user_mips_regs_entry.*, user_mips_fpregs_entry.*, thread_info_loongarch64.tls, user_loongarch64_gpregs_entry.*, user_loongarch64_fpregs_entry.*, thread_info_riscv64.tls, user_riscv64_regs_entry.*, user_riscv64_d_ext_entry.*, user_x86_fpregs_entry.st_space, xmm_space, padding, user_x86_xsave_entry.ymmh_space, bndreg_state, zmm_upper, hi16_zmm, user_aarch64_fpsimd_context_entry.vregs, user_ppc64_vrstate_entry.vrregs, user_s390_vxrs_high_entry.regs"`
}

// Register is one register of a thread.
type Register struct {
	Name       string  `arrow:"name" sensitive:"no" doc:"the field's, or for a list of registers the processor's. On x86_64 ymmN_high are bits 128 to 255 of ymmN, zmmN_high bits 256 to 511 of zmmN; on s390 vN_low are bits 64 to 127 of vN; on ppc64 vsN_low is the second doubleword of vsN. On arm, ip is r12: the instruction pointer is pc"`
	Set        string  `arrow:"set" sensitive:"no" doc:"general, segment, control, fp_control, fp, vector, pac (keys of pointer authentication: secrets), tm (transactional memory: what it returns to), guarded_storage, runtime_instr"`
	Role       *string `arrow:"role" sensitive:"no" doc:"what it is for a system call: ip (instruction pointer), sp (stack), fp (frame), lr (return address), syscall (number), arg0 to arg5, ret (result, where that is no other's register), flags, tls; NULL for others"`
	WidthBits  uint16  `arrow:"width_bits" doc:"width as the image keeps it, in bits; st0 to st7 use 80 of their 128"`
	Value      *uint64 `arrow:"value" sensitive:"payloads" range:"uint64" doc:"value, of registers up to 64 bits wide"`
	ValueBytes []byte  `arrow:"value_bytes" sensitive:"payloads" doc:"value of wider ones, as it lies in memory; NULL for registers up to 64 bits wide"`
}

// TLSDescriptor is one of the segment descriptors that x86 keeps for a thread.
type TLSDescriptor struct {
	_ struct{} `table:"tls_descriptors" key:"checkpoint_id tid position" doc:"A segment descriptor for thread-local storage; x86 only."`
	_ struct{} `compare:"pid tid position" show:"base_address limit"`
	_ struct{} `ref:"pid tid to threads(pid tid)"`

	PID            uint32  `arrow:"pid" doc:"process"`
	TID            uint32  `arrow:"tid" doc:"thread" src:"core-*.img: name"`
	Position       uint32  `arrow:"position" doc:"position among the thread's descriptors, from 0"`
	EntryNumber    *uint32 `arrow:"entry_number" doc:"number in the table of descriptors: a segment register with it times 8 plus 3 selects the segment" src:"core-*.img: user_desc_t.entry_number"`
	BaseAddress    *uint32 `arrow:"base_address" doc:"address where the segment begins" src:"core-*.img: user_desc_t.base_addr"`
	Limit          *uint32 `arrow:"limit" doc:"last offset in the segment, in bytes, or pages if limit_in_pages" src:"core-*.img: user_desc_t.limit"`
	Seg32Bit       *bool   `arrow:"seg_32bit" doc:"a segment of 32-bit code or data" src:"core-*.img: user_desc_t.seg_32bit"`
	ContentsHigh   *bool   `arrow:"contents_high" doc:"high bit of the kind of segment: 0 data, 1 data that grows down, 2 code, 3 conforming code" src:"core-*.img: user_desc_t.contents_h"`
	ContentsLow    *bool   `arrow:"contents_low" doc:"low bit of the kind of segment" src:"core-*.img: user_desc_t.contents_l"`
	ReadExecOnly   *bool   `arrow:"read_exec_only" doc:"the segment can't be written" src:"core-*.img: user_desc_t.read_exec_only"`
	LimitInPages   *bool   `arrow:"limit_in_pages" doc:"limit counts pages of 4096 bytes" src:"core-*.img: user_desc_t.limit_in_pages"`
	SegNotPresent  *bool   `arrow:"seg_not_present" doc:"the descriptor is not in use" src:"core-*.img: user_desc_t.seg_not_present"`
	Usable         *bool   `arrow:"usable" doc:"bit that the system leaves to programs" src:"core-*.img: user_desc_t.usable"`
	IsSelectedByGS *bool   `arrow:"is_selected_by_gs" doc:"the thread's gs register selects it: thread-local storage of 32-bit programs" src:"core-*.img: user_x86_regs_entry.gs"`
}

// CPU is one description of the processors of the host.
type CPU struct {
	_ struct{} `table:"cpu_info" key:"checkpoint_id arch position" doc:"A description of the host's processors; CRIU writes it only when asked to."`
	_ struct{} `compare:"arch position" show:"model_name"`

	Position          uint32   `arrow:"position" doc:"position among the descriptions of its architecture, from 0; CRIU writes one for all processors"`
	Arch              string   `arrow:"arch" sensitive:"no" doc:"x86_64, ppc64 or s390"`
	Vendor            Enum     `arrow:"vendor" doc:"x86_64: maker" src:"cpuinfo.img: cpuinfo_x86_entry.vendor_id"`
	Family            *uint32  `arrow:"cpu_family" doc:"x86_64: family" src:"cpuinfo.img: cpuinfo_x86_entry.cpu_family"`
	Model             *uint32  `arrow:"model" doc:"x86_64: model" src:"cpuinfo.img: cpuinfo_x86_entry.model"`
	Stepping          *uint32  `arrow:"stepping" doc:"x86_64: stepping" src:"cpuinfo.img: cpuinfo_x86_entry.stepping"`
	ModelName         Text     `arrow:"model_name" sensitive:"no" doc:"x86_64: name of the model" src:"cpuinfo.img: cpuinfo_x86_entry.model_id"`
	CapabilityVersion *uint32  `arrow:"capability_version" doc:"x86_64: layout of capability_words" src:"cpuinfo.img: cpuinfo_x86_entry.capability_ver"`
	CapabilityWords   []uint32 `arrow:"capability_words" doc:"x86_64: features, a bit each, in CRIU's own order of CPUID leaves" src:"cpuinfo.img: cpuinfo_x86_entry.capability"`
	Features          []string `arrow:"features" sensitive:"no" doc:"x86_64: names of these features, as /proc/cpuinfo has them; those without a name are WORD:BIT. NULL for layouts unknown here"`
	XFeatures         Flags    `arrow:"xfeatures" doc:"x86_64: parts of the processor's state that XSAVE keeps" src:"cpuinfo.img: cpuinfo_x86_entry.xfeatures_mask"`
	XsaveSize         *uint32  `arrow:"xsave_size" doc:"x86_64: size of the state that is in use, in bytes" src:"cpuinfo.img: cpuinfo_x86_entry.xsave_size"`
	XsaveSizeMax      *uint32  `arrow:"xsave_size_max" doc:"x86_64: size of the state with all parts, in bytes" src:"cpuinfo.img: cpuinfo_x86_entry.xsave_size_max"`
	Endianness        Enum     `arrow:"endianness" doc:"ppc64: byte order" src:"cpuinfo.img: cpuinfo_ppc64_entry.endian"`
	HWCap             []uint64 `arrow:"hwcap" range:"uint64" doc:"ppc64, s390: AT_HWCAP and AT_HWCAP2, features a bit each" src:"cpuinfo.img: cpuinfo_ppc64_entry.hwcap, cpuinfo_s390_entry.hwcap"`
}
