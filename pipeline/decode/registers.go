package decode

import (
	"fmt"
	"strings"

	x86 "github.com/checkpoint-restore/go-criu/v8/crit/images/core-x86"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/cpuinfo"
	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// decodeRegisters fills registers and tls_descriptors.
func (s *imageSet) decodeRegisters() {
	for _, p := range s.tree() {
		for _, tid := range liveThreads(p) {
			if isFull(&s.notes, &s.rows.Registers) && isFull(&s.notes, &s.rows.TLSDescriptors) {
				break
			}
			c := s.cores()[tid]
			if c == nil {
				continue
			}
			s.registerRow(p.GetPid(), tid, c)
			for i, d := range c.GetThreadInfo().GetTls() {
				add(&s.notes, &s.rows.TLSDescriptors, descriptorRow(p.GetPid(), tid, i, d, c.GetThreadInfo()))
			}
		}
	}
}

func (s *imageSet) registerRow(pid, tid uint32, c *core.CoreEntry) {
	found, uneven := s.decoder.registers.Registers(s.hostOrder(), c)
	if len(uneven) > 0 {
		s.rowProblem("registers", fmt.Sprintf("tid=%d", tid), Warning, Inconsistent,
			fmt.Sprintf("%s: not as many words as the registers have; only whole registers were decoded", strings.Join(uneven, ", ")))
	}
	if len(found) == 0 {
		return
	}
	row := schema.ThreadRegisters{PID: pid, TID: tid, Arch: strings.ToLower(c.GetMtype().String()), Registers: make([]schema.Register, len(found))}
	values := make([]uint64, len(found)) // one allocation for all
	for i, r := range found {
		to := &row.Registers[i]
		*to = schema.Register{Name: r.Name, Set: r.Set, WidthBits: r.Bits, ValueBytes: r.Bytes}
		if r.Role != "" {
			to.Role = ptr(r.Role)
		}
		if r.Bytes == nil {
			values[i] = r.Value
			to.Value = &values[i]
		}
	}
	add(&s.notes, &s.rows.Registers, row)
}

func descriptorRow(pid, tid uint32, position int, d *x86.UserDescT, t *x86.ThreadInfoX86) schema.TLSDescriptor {
	return schema.TLSDescriptor{
		PID: pid, TID: tid, Position: uint32(position), EntryNumber: d.EntryNumber, BaseAddress: d.BaseAddr, Limit: d.Limit,
		Seg32Bit: d.Seg_32Bit, ContentsHigh: d.ContentsH, ContentsLow: d.ContentsL, ReadExecOnly: d.ReadExecOnly,
		LimitInPages: d.LimitInPages, SegNotPresent: d.SegNotPresent, Usable: d.Usable, IsSelectedByGS: ptr(criu.SelectedByGS(t, d)),
	}
}

// decodeCPUInfo fills cpu_info.
func (s *imageSet) decodeCPUInfo() {
	info := one[cpuinfo.CpuinfoEntry](s, "cpuinfo.img")
	for i, c := range info.GetX86Entry() {
		row := schema.CPU{
			Position: uint32(i), Arch: "x86_64", Vendor: optionalEnum(&criu.CPUVendor, c.VendorId), Family: c.CpuFamily, Model: c.Model,
			Stepping: c.Stepping, ModelName: optionalText(c.ModelId), CapabilityVersion: c.CapabilityVer, CapabilityWords: notNil(c.GetCapability()),
			XFeatures: optionalFlags(&criu.XFeatures, c.XfeaturesMask), XsaveSize: c.XsaveSize, XsaveSizeMax: c.XsaveSizeMax,
		}
		if features, ok := criu.CPUFeatures(c.GetCapabilityVer(), c.GetCapability()); ok {
			row.Features = features
		} else {
			s.rowProblem("cpu_info", fmt.Sprintf("arch=x86_64,position=%d", i), Warning, Inconsistent,
				fmt.Sprintf("%d words of features in layout %d, which is not known", len(c.GetCapability()), c.GetCapabilityVer()))
		}
		add(&s.notes, &s.rows.CPUInfo, row)
	}
	for i, c := range info.GetPpc64Entry() {
		add(&s.notes, &s.rows.CPUInfo, schema.CPU{
			Position: uint32(i), Arch: "ppc64", Endianness: optionalEnum(&criu.Endianness, c.Endian), HWCap: notNil(c.GetHwcap()),
		})
	}
	for i, c := range info.GetS390Entry() {
		add(&s.notes, &s.rows.CPUInfo, schema.CPU{Position: uint32(i), Arch: "s390", HWCap: notNil(c.GetHwcap())})
	}
}
