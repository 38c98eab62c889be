package criu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// amdgpuMessages are the messages of CRIU's amdgpu plugin, which go-criu does
// not have. A line is a message: its name, and its fields in the order of
// their numbers, from 1. All are required but those marked *, which are
// repeated; a type is 32 and 64 bits unsigned, bytes, or a message.
// Source: CRIU plugins/amdgpu/criu-amdgpu.proto.
var amdgpuMessages = []string{
	"dev_iolink type:32 node_to_id:32",
	"kfd_device_entry node_id:32 gpu_id:32 cpu_cores_count:32 simd_count:32 mem_banks_count:32 caches_count:32 io_links_count:32 " +
		"max_waves_per_simd:32 lds_size_in_kb:32 gds_size_in_kb:32 num_gws:32 wave_front_size:32 array_count:32 simd_arrays_per_engine:32 " +
		"cu_per_simd_array:32 simd_per_cu:32 max_slots_scratch_cu:32 vendor_id:32 device_id:32 domain:32 drm_render_minor:32 hive_id:64 " +
		"num_sdma_engines:32 num_sdma_xgmi_engines:32 num_sdma_queues_per_engine:32 num_cp_queues:32 fw_version:32 capability:32 " +
		"sdma_fw_version:32 vram_public:32 vram_size:64 iolinks:dev_iolink*",
	"kfd_bo_entry addr:64 size:64 offset:64 alloc_flags:32 gpu_id:32 handle:32",
	"criu_kfd pid:32 num_of_gpus:32 num_of_cpus:32 device_entries:kfd_device_entry* num_of_bos:64 bo_entries:kfd_bo_entry* " +
		"num_of_objects:32 shared_mem_size:64 shared_mem_magic:32 priv_data:bytes",
	"drm_vm_entry addr:64 size:64 offset:64 flags:64",
	"drm_bo_entry addr:64 size:64 offset:64 alloc_flags:64 alignment:64 preferred_domains:32 handle:32 is_import:32 num_of_vms:32 " +
		"vm_entries:drm_vm_entry*",
	"criu_render_node gpu_id:32 id:32 drm_render_minor:32 num_of_bos:64 bo_entries:drm_bo_entry*",
	"criu_dmabuf_node gem_handle:32",
}

// AMDGPU describes the messages of the amdgpu plugin.
var AMDGPU = sync.OnceValues(func() (protoreflect.FileDescriptor, error) {
	file := &descriptorpb.FileDescriptorProto{Name: proto.String("criu-amdgpu.proto"), Syntax: proto.String("proto2")}
	for _, line := range amdgpuMessages {
		words := strings.Fields(line)
		message := &descriptorpb.DescriptorProto{Name: &words[0]}
		for i, word := range words[1:] {
			name, kind, _ := strings.Cut(word, ":")
			kind, repeated := strings.CutSuffix(kind, "*")
			field := &descriptorpb.FieldDescriptorProto{
				Name: &name, Number: proto.Int32(int32(i + 1)), Label: descriptorpb.FieldDescriptorProto_LABEL_REQUIRED.Enum(),
			}
			if repeated {
				field.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
			}
			switch kind {
			case "32":
				field.Type = descriptorpb.FieldDescriptorProto_TYPE_UINT32.Enum()
			case "64":
				field.Type = descriptorpb.FieldDescriptorProto_TYPE_UINT64.Enum()
			case "bytes":
				field.Type = descriptorpb.FieldDescriptorProto_TYPE_BYTES.Enum()
			default:
				field.Type, field.TypeName = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), proto.String("."+kind)
			}
			message.Field = append(message.Field, field)
		}
		file.MessageType = append(file.MessageType, message)
	}
	return protodesc.NewFile(file, nil)
})

// AMDGPUImage decodes an image of the amdgpu plugin: its message of that name,
// and the message's bytes. Newer versions of the plugin write the size of the
// message in front, 8 bytes. The error may wrap ErrMissingField.
//
// afford is asked before the message is decoded; where it returns false there
// is neither a message nor an error.
func AMDGPUImage(name string, data []byte, order binary.ByteOrder, afford func(protoreflect.MessageDescriptor, []byte) bool) (*dynamicpb.Message, []byte, error) {
	file, err := AMDGPU()
	if err != nil {
		return nil, nil, err
	}
	message := dynamicpb.NewMessage(file.Messages().ByName(protoreflect.Name(name)))
	data, err = withoutSize(data, order)
	if err != nil {
		return nil, nil, err
	}
	if !afford(message.Descriptor(), data) {
		return nil, nil, nil
	}
	err = Unmarshal(data, message)
	if err != nil && !errors.Is(err, ErrMissingField) {
		return nil, nil, &ImageError{Code: CodeMalformed, Err: err}
	}
	return message, data, err
}

// withoutSize cuts off the size in front of a message. No size is near 4 GiB,
// and no message has four bytes of zero there: 0 is no field's tag.
func withoutSize(data []byte, order binary.ByteOrder) ([]byte, error) {
	if len(data) < 8 || order.Uint64(data)>>32 != 0 {
		return data, nil
	}
	size, rest := order.Uint64(data), data[8:]
	if size != uint64(len(rest)) {
		code := CodeTruncated
		if size < uint64(len(rest)) {
			code = CodeMalformed
		}
		return nil, &ImageError{Code: code, Err: fmt.Errorf("message of %d bytes, %d left", size, len(rest))}
	}
	return rest, nil
}
