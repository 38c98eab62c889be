package decode

import (
	"errors"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// decodeGPUs fills gpu_devices and gpu_buffers.
func (s *imageSet) decodeGPUs() {
	for _, img := range s.ofKind("AMDGPU_KFD") {
		if m, ok := s.gpuImage(img, "criu_kfd"); ok {
			s.kfdRows(img, m)
		}
	}
	for _, img := range s.ofKind("AMDGPU_RENDERD") {
		if m, ok := s.gpuImage(img, "criu_render_node"); ok {
			s.renderRows(img, m)
		}
	}
	for _, img := range s.ofKind("AMDGPU_DMABUF") {
		if m, ok := s.gpuImage(img, "criu_dmabuf_node"); ok {
			add(&s.notes, &s.rows.GPUBuffers, schema.GPUBuffer{
				Image: plain(img.name), FileID: img.number, Kind: "dmabuf", Handle: m.u32("gem_handle")})
		}
	}
}

// gpuMessage is a message of the amdgpu plugin, its fields found by name.
type gpuMessage struct{ protoreflect.Message }

func (m gpuMessage) field(name protoreflect.Name) (protoreflect.Value, bool) {
	f := m.Descriptor().Fields().ByName(name)
	if f == nil || !m.Has(f) {
		return protoreflect.Value{}, false
	}
	return m.Get(f), true
}

func (m gpuMessage) u32(name protoreflect.Name) *uint32 {
	v, ok := m.field(name)
	if !ok {
		return nil
	}
	return ptr(uint32(v.Uint()))
}

func (m gpuMessage) u64(name protoreflect.Name) *uint64 {
	v, ok := m.field(name)
	if !ok {
		return nil
	}
	return ptr(v.Uint())
}

func (m gpuMessage) messages(name protoreflect.Name) []gpuMessage {
	v, ok := m.field(name)
	if !ok {
		return nil
	}
	list := make([]gpuMessage, v.List().Len())
	for i := range list {
		list[i] = gpuMessage{v.List().Get(i).Message()}
	}
	return list
}

// gpuImage decodes an image of the plugin, which is one message.
func (s *imageSet) gpuImage(img *image, name string) (gpuMessage, bool) {
	img.decoded, img.layout = true, criu.LayoutRaw
	if img.truncated {
		s.imageProblem(img, &criu.ImageError{Code: Truncated, Entry: -1, Err: errors.New("the image is cut short")})
		return gpuMessage{}, false
	}
	m, data, err := criu.AMDGPUImage(name, img.data, s.hostOrder(), func(d protoreflect.MessageDescriptor, data []byte) bool {
		cost, _ := s.decoder.shapes.Cost(d, data)
		return s.afford(img, cost, s.taken+s.share())
	})
	if err != nil {
		s.imageProblem(img, err)
	}
	if m == nil {
		return gpuMessage{}, false
	}
	img.entries = ptr(uint64(1))
	s.unknownFields(img, 0, m, data)
	return gpuMessage{m}, true
}

func (s *imageSet) kfdRows(img *image, m gpuMessage) {
	row := schema.GPUDevice{
		Image: plain(img.name), FileID: img.number, Kind: "kfd", PID: m.u32("pid"), GPUCount: m.u32("num_of_gpus"), CPUCount: m.u32("num_of_cpus"),
		BufferCount: m.u64("num_of_bos"), ObjectCount: m.u32("num_of_objects"), SharedMemBytes: m.u64("shared_mem_size"),
		SharedMemMagic: m.u32("shared_mem_magic"),
	}
	if v, ok := m.field("priv_data"); ok {
		private := v.Bytes()
		row.PrivateBytes, row.PrivateSHA256 = ptr(uint64(len(private))), contentDigest(private, true)
		row.PrivateData = s.payload(notNil(private))
	}
	add(&s.notes, &s.rows.GPUDevices, row)
	for i, d := range m.messages("device_entries") {
		node := schema.GPUDevice{
			Image: plain(img.name), FileID: img.number, Kind: "kfd_node", Position: uint32(i), GPUID: d.u32("gpu_id"),
			DRMRenderMinor: d.u32("drm_render_minor"), NodeID: d.u32("node_id"), VendorID: d.u32("vendor_id"), DeviceID: d.u32("device_id"),
			Domain: d.u32("domain"), VRAMBytes: d.u64("vram_size"), VRAMPublic: d.u32("vram_public"), HiveID: d.u64("hive_id"),
			FirmwareVersion: d.u32("fw_version"), SDMAFirmwareVersion: d.u32("sdma_fw_version"), Capability: d.u32("capability"),
			CPUCores: d.u32("cpu_cores_count"), SIMDs: d.u32("simd_count"), MemoryBanks: d.u32("mem_banks_count"), Caches: d.u32("caches_count"),
			IOLinks: d.u32("io_links_count"), MaxWavesPerSIMD: d.u32("max_waves_per_simd"), LDSKiB: d.u32("lds_size_in_kb"),
			GDSKiB: d.u32("gds_size_in_kb"), GWSCount: d.u32("num_gws"), WaveFrontSize: d.u32("wave_front_size"), Arrays: d.u32("array_count"),
			SIMDArraysPerEngine: d.u32("simd_arrays_per_engine"), CUsPerSIMDArray: d.u32("cu_per_simd_array"), SIMDsPerCU: d.u32("simd_per_cu"),
			MaxSlotsScratchCU: d.u32("max_slots_scratch_cu"), SDMAEngines: d.u32("num_sdma_engines"), SDMAXGMIEngines: d.u32("num_sdma_xgmi_engines"),
			SDMAQueuesPerEngine: d.u32("num_sdma_queues_per_engine"), CommandProcessorQueues: d.u32("num_cp_queues"),
			IOLinkTypes: []uint32{}, IOLinkNodes: []uint32{},
		}
		for _, l := range d.messages("iolinks") {
			node.IOLinkTypes = append(node.IOLinkTypes, orZero(l.u32("type")))
			node.IOLinkNodes = append(node.IOLinkNodes, orZero(l.u32("node_to_id")))
		}
		add(&s.notes, &s.rows.GPUDevices, node)
	}
	for i, b := range m.messages("bo_entries") {
		add(&s.notes, &s.rows.GPUBuffers, schema.GPUBuffer{
			Image: plain(img.name), FileID: img.number, Kind: "kfd", Position: uint32(i), GPUID: b.u32("gpu_id"), Address: b.u64("addr"),
			Size: b.u64("size"), Offset: b.u64("offset"), AllocFlags: optionalFlags(&criu.KFDAlloc, b.u32("alloc_flags")), Handle: b.u32("handle"),
		})
	}
}

func (s *imageSet) renderRows(img *image, m gpuMessage) {
	add(&s.notes, &s.rows.GPUDevices, schema.GPUDevice{
		Image: plain(img.name), FileID: img.number, Kind: "render_node", GPUID: m.u32("gpu_id"), RenderID: m.u32("id"),
		DRMRenderMinor: m.u32("drm_render_minor"), BufferCount: m.u64("num_of_bos"),
	})
	for i, b := range m.messages("bo_entries") {
		row := schema.GPUBuffer{
			Image: plain(img.name), FileID: img.number, Kind: "drm", Position: uint32(i), Address: b.u64("addr"), Size: b.u64("size"),
			Offset: b.u64("offset"), AllocFlags: optionalFlags(&criu.GEMCreate, b.u64("alloc_flags")), Handle: b.u32("handle"),
			Alignment: b.u64("alignment"), PreferredDomains: optionalFlags(&criu.GEMDomains, b.u32("preferred_domains")),
			VMCount: b.u32("num_of_vms"), VMAddresses: []uint64{}, VMSizes: []uint64{}, VMOffsets: []uint64{}, VMFlags: []uint64{},
		}
		if v := b.u32("is_import"); v != nil {
			row.IsImport = ptr(*v != 0)
		}
		for _, v := range b.messages("vm_entries") {
			row.VMAddresses, row.VMSizes = append(row.VMAddresses, orZero(v.u64("addr"))), append(row.VMSizes, orZero(v.u64("size")))
			row.VMOffsets, row.VMFlags = append(row.VMOffsets, orZero(v.u64("offset"))), append(row.VMFlags, orZero(v.u64("flags")))
		}
		add(&s.notes, &s.rows.GPUBuffers, row)
	}
}
