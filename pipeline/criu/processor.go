package criu

import (
	"fmt"
	"strings"
)

// AuxiliaryType names types of the auxiliary vector.
var AuxiliaryType = Enum{"auxiliary_type", "linux/auxvec.h, asm/auxvec.h", map[uint64]string{
	0: "AT_NULL", 1: "AT_IGNORE", 2: "AT_EXECFD", 3: "AT_PHDR", 4: "AT_PHENT", 5: "AT_PHNUM", 6: "AT_PAGESZ", 7: "AT_BASE", 8: "AT_FLAGS",
	9: "AT_ENTRY", 10: "AT_NOTELF", 11: "AT_UID", 12: "AT_EUID", 13: "AT_GID", 14: "AT_EGID", AuxPlatform: "AT_PLATFORM", 16: "AT_HWCAP",
	17: "AT_CLKTCK", 18: "AT_FPUCW", 19: "AT_DCACHEBSIZE", 20: "AT_ICACHEBSIZE", 21: "AT_UCACHEBSIZE", 22: "AT_IGNOREPPC", 23: "AT_SECURE",
	AuxBasePlatform: "AT_BASE_PLATFORM", 25: "AT_RANDOM", 26: "AT_HWCAP2", 27: "AT_RSEQ_FEATURE_SIZE", 28: "AT_RSEQ_ALIGN", 29: "AT_HWCAP3",
	30: "AT_HWCAP4", AuxExecFn: "AT_EXECFN", 32: "AT_SYSINFO", 33: "AT_SYSINFO_EHDR", 34: "AT_L1I_CACHESHAPE", 35: "AT_L1D_CACHESHAPE",
	36: "AT_L2_CACHESHAPE", 37: "AT_L3_CACHESHAPE", 40: "AT_L1I_CACHESIZE", 41: "AT_L1I_CACHEGEOMETRY", 42: "AT_L1D_CACHESIZE",
	43: "AT_L1D_CACHEGEOMETRY", 44: "AT_L2_CACHESIZE", 45: "AT_L2_CACHEGEOMETRY", 46: "AT_L3_CACHESIZE", 47: "AT_L3_CACHEGEOMETRY",
	51: "AT_MINSIGSTKSZ"}}

// Types of the auxiliary vector whose values are addresses of text.
const (
	AuxPlatform     = 15
	AuxBasePlatform = 24
	AuxExecFn       = 31
)

// CPUVendor names cpuinfo_x86_entry.vendor_id.
var CPUVendor = Enum{"cpu_vendor", "cpuinfo.proto: vendor", map[uint64]string{0: "UNKNOWN", 1: "INTEL", 2: "AMD"}}

// Endianness names cpuinfo_ppc64_entry.endian.
var Endianness = Enum{"endianness", "cpuinfo.proto: endianness", numbered("big", "little")}

// XFeatures names parts of the state that XSAVE keeps.
var XFeatures = Flags{"xfeatures", "arch/x86/include/asm/fpu/types.h", bitNames("x87", "sse", "avx", "bndregs", "bndcsr", "opmask", "zmm_hi256",
	"hi16_zmm", "pt", "pkru", "pasid", "cet_user", "cet_supervisor", "hdc", "uintr", "lbr", "hwp", "xtilecfg", "xtiledata")}

// cpuFeatures names the bits of cpuinfo_x86_entry.capability by word and bit,
// with the names of /proc/cpuinfo; - has none. The order of the words is
// CRIU's own: enum cpuid_leafs in CRIU compel/arch/x86/src/lib/include/uapi/asm/cpu.h.
var cpuFeatures = func() (words [19][]string) {
	for i, names := range []string{
		"fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - dts acpi mmx fxsr sse sse2 ss ht tm ia64 pbe",
		"- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - fxsr_opt pdpe1gb rdtscp - lm 3dnowext 3dnow",
		"recovery longrun - lrti",
		`cxmmx k6_mtrr cyrix_arr centaur_mcr k8 k7 p3 p4 constant_tsc up art arch_perfmon pebs bts syscall32 sysenter32 rep_good mfence_rdtsc
			lfence_rdtsc acc_power nopl always xtopology tsc_reliable nonstop_tsc cpuid extd_apicid amd_dcm aperfmperf - nonstop_tsc_s3 tsc_known_freq`,
		`pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr pdcm - pcid dca sse4_1 sse4_2 x2apic movbe popcnt
			tsc_deadline_timer aes xsave osxsave avx f16c rdrand hypervisor`,
		"- - rng rng_en - - ace ace_en ace2 ace2_en phe phe_en pmm pmm_en",
		`lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch osvw ibs xop skinit wdt - lwp fma4 tce - nodeid_msr -
			tbm topoext perfctr_core perfctr_nb - bpext ptsc perfctr_llc mwaitx`,
		"", "",
		`fsgsbase tsc_adjust - bmi1 hle avx2 - smep bmi2 erms invpcid rtm cqm - mpx rdt_a avx512f avx512dq rdseed adx smap avx512ifma - clflushopt
			clwb intel_pt avx512pf avx512er avx512cd sha_ni avx512bw avx512vl`,
		"xsaveopt xsavec xgetbv1 xsaves",
		`prefetchwt1 avx512vbmi umip pku ospke - avx512_vbmi2 shstk gfni vaes vpclmulqdq avx512_vnni avx512_bitalg tme avx512_vpopcntdq - la57
			- - - - - rdpid - - cldemote`,
		"cqm_occup_llc cqm_mbm_total cqm_mbm_local",
		"clzero irperf xsaveerptr - - - - - - - - - ibpb - ibrs stibp",
		"dtherm ida arat - pln - pts hwp hwp_notify hwp_act_window hwp_epp hwp_pkg_req - hdc",
		"npt lbrv svm_lock nrip_save tsc_scale vmcb_clean flushbyasid decodeassists - - pausefilter - pfthreshold avic - v_vmsave_vmload vgif",
		"- cqm_llc",
		"overflow_recov succor - smca",
		"- - avx512_4vnniw avx512_4fmaps - - - - - - - - - - - - - - pconfig - - - - - - - spec_ctrl intel_stibp - arch_capabilities - spec_ctrl_ssbd",
	} {
		words[i] = strings.Fields(names)
	}
	return words
}()

// CPUFeatures names the features of an x86 processor. ok is false where the
// layout of the words is not known: versions 1 (12 words) and 2 (19) are.
func CPUFeatures(version uint32, words []uint32) (names []string, ok bool) {
	if version != 1 && version != 2 || len(words) > len(cpuFeatures) {
		return nil, false
	}
	names = []string{}
	for i, word := range words {
		for bit := range 32 {
			if word>>bit&1 == 0 {
				continue
			}
			name := fmt.Sprintf("%d:%d", i, bit)
			if known := cpuFeatures[i]; bit < len(known) && known[bit] != "-" {
				name = known[bit]
			}
			names = append(names, name)
		}
	}
	return names, true
}
