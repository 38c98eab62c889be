package decode

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ckexport/ckexport/schema"
)

// ociSpec is what is read of spec.dump. Source: OCI runtime specification,
// config.md and config-linux.md.
type ociSpec struct {
	Version string `json:"ociVersion"`
	Process *struct {
		Terminal zeroIfAbsent[bool] `json:"terminal"`
		Args     []string           `json:"args"`
		Env      []string           `json:"env"`
		Cwd      string             `json:"cwd"`
		User     struct {
			UID            *uint32  `json:"uid"`
			GID            *uint32  `json:"gid"`
			Umask          *uint32  `json:"umask"`
			AdditionalGIDs []uint32 `json:"additionalGids"`
		} `json:"user"`
		Capabilities *struct {
			Bounding    []string `json:"bounding"`
			Effective   []string `json:"effective"`
			Permitted   []string `json:"permitted"`
			Inheritable []string `json:"inheritable"`
			Ambient     []string `json:"ambient"`
		} `json:"capabilities"`
		NoNewPrivileges zeroIfAbsent[bool] `json:"noNewPrivileges"`
		ApparmorProfile string             `json:"apparmorProfile"`
		SelinuxLabel    string             `json:"selinuxLabel"`
		OOMScoreAdj     *int32             `json:"oomScoreAdj"`
	} `json:"process"`
	Root *struct {
		Path     string             `json:"path"`
		Readonly zeroIfAbsent[bool] `json:"readonly"`
	} `json:"root"`
	Hostname    string            `json:"hostname"`
	Annotations map[string]string `json:"annotations"`
	Mounts      []ociMount        `json:"mounts"`
	Hooks       map[string][]struct {
		Path string `json:"path"`
	} `json:"hooks"`
	Linux *struct {
		CgroupsPath       string      `json:"cgroupsPath"`
		MountLabel        string      `json:"mountLabel"`
		RootfsPropagation string      `json:"rootfsPropagation"`
		MaskedPaths       []string    `json:"maskedPaths"`
		ReadonlyPaths     []string    `json:"readonlyPaths"`
		Devices           []ociDevice `json:"devices"`
		Namespaces        []struct {
			Type string `json:"type"`
			Path string `json:"path"`
		} `json:"namespaces"`
		Seccomp *struct {
			DefaultAction string   `json:"defaultAction"`
			Architectures []string `json:"architectures"`
		} `json:"seccomp"`
		Resources *struct {
			Devices []ociDeviceRule `json:"devices"`
			Memory  *struct {
				Limit       *int64 `json:"limit"`
				Reservation *int64 `json:"reservation"`
				Swap        *int64 `json:"swap"`
			} `json:"memory"`
			CPU *struct {
				Shares *uint64 `json:"shares"`
				Quota  *int64  `json:"quota"`
				Period *uint64 `json:"period"`
				Cpus   string  `json:"cpus"`
				Mems   string  `json:"mems"`
			} `json:"cpu"`
			Pids *struct {
				Limit *int64 `json:"limit"`
			} `json:"pids"`
		} `json:"resources"`
	} `json:"linux"`
}

type ociMount struct {
	Destination string   `json:"destination"`
	Type        string   `json:"type"`
	Source      string   `json:"source"`
	Options     []string `json:"options"`
}

type ociDevice struct {
	Path     string  `json:"path"`
	Type     string  `json:"type"`
	Major    *int64  `json:"major"`
	Minor    *int64  `json:"minor"`
	FileMode *uint32 `json:"fileMode"`
	UID      *uint32 `json:"uid"`
	GID      *uint32 `json:"gid"`
}

type ociDeviceRule struct {
	Allow  zeroIfAbsent[bool] `json:"allow"`
	Type   string             `json:"type"`
	Major  *int64             `json:"major"`
	Minor  *int64             `json:"minor"`
	Access string             `json:"access"`
}

// decodeJSON decodes a metadata file. What does not fit the type is left out,
// and noted; ok is false where nothing of it can be used.
func (s *imageSet) decodeJSON(name string, into any) (ok bool) {
	return s.decodeMember(s.metadataFile(name), s.metadataPath(name), into)
}

// decodeMember does so with the content of any member.
func (s *imageSet) decodeMember(data []byte, member string, into any) (ok bool) {
	if data == nil {
		return false
	}
	if !utf8.Valid(data) {
		s.container.memberProblem(member, Warning, Malformed, "not all of it is UTF-8; U+FFFD stands for what is not")
	}
	err := s.unmarshal(data, into)
	if err == nil {
		return true
	}
	s.container.jsonProblem(member, err)
	return errors.As(err, new(*misfitError)) // the other fields were decoded
}

// jsonText returns a metadata file for a column, NULL where there is none.
func (s *imageSet) jsonText(name string) *string {
	return s.exactText(s.metadataFile(name))
}

// exactText returns bytes for a column without a raw form, NULL where there
// are none, they are no text, or the row would be too large with them.
func (s *imageSet) exactText(data []byte) *string {
	const copies = 8 // until it is written
	if copies*int64(len(data)) > s.decoder.Limits.MemoryBytes-s.taken {
		s.passedIn(s.decoder.Limits.memory(), "container_specs", "the archive takes more memory; JSON is left out")
		return nil
	}
	if text := string(data); data != nil && isExact(text) {
		return &text
	}
	return nil
}

// specRow fills container_specs.
func (s *imageSet) specRow(spec *ociSpec, config *engineConfig) {
	row := schema.ContainerSpec{
		OCIVersion: nonEmpty(spec.Version), Hostname: nonEmpty(spec.Hostname), Privileged: privileged(spec, config),
		HookNames: hookNames(spec), RestartPolicy: nonEmpty(config.RestartPolicy),
		SpecJSON: s.exactText(s.containerInfo().specFile), ConfigJSON: s.jsonText("config.dump"), StatusJSON: s.jsonText("status.dump"),
		ContainerdStatusJSON: s.jsonText("status"), NetworkStatusJSON: s.jsonText("network.status"), StdioDescriptorsJSON: s.jsonText("descriptors.json"),
	}
	row.PodOptionsJSON, row.PodDumpJSON = s.exactText(s.packaging().optionsFile), s.exactText(s.packaging().dumpFile)
	if p := spec.Process; p != nil {
		row.Args, row.Env, row.Cwd = plainList(p.Args), plainList(p.Env), nonEmpty(p.Cwd)
		row.UID, row.GID, row.Umask, row.AdditionalGIDs = p.User.UID, p.User.GID, p.User.Umask, p.User.AdditionalGIDs
		if c := p.Capabilities; c != nil {
			row.CapBounding, row.CapEffective, row.CapPermitted = notNil(plainList(c.Bounding)), notNil(plainList(c.Effective)), notNil(plainList(c.Permitted))
			row.CapInheritable, row.CapAmbient = notNil(plainList(c.Inheritable)), notNil(plainList(c.Ambient))
		}
		row.NoNewPrivs = p.NoNewPrivileges.get()
		row.ApparmorProfile, row.SelinuxLabel, row.OOMScoreAdj = nonEmpty(p.ApparmorProfile), nonEmpty(p.SelinuxLabel), p.OOMScoreAdj
		row.Terminal = p.Terminal.get()
	}
	if r := spec.Root; r != nil {
		row.RootPath, row.RootReadonly = nonEmpty(r.Path), r.Readonly.get()
	}
	if l := spec.Linux; l != nil {
		row.CgroupsPath, row.MountLabel, row.RootfsPropagation = nonEmpty(l.CgroupsPath), nonEmpty(l.MountLabel), nonEmpty(l.RootfsPropagation)
		row.MaskedPaths, row.ReadonlyPaths = notNil(plainList(l.MaskedPaths)), notNil(plainList(l.ReadonlyPaths))
		row.Namespaces, row.HostNamespaces = namespacesAsked(spec)
		if c := l.Seccomp; c != nil {
			row.SeccompDefaultAction, row.SeccompArchitectures = nonEmpty(c.DefaultAction), plainList(c.Architectures)
		}
		resourceColumns(&row, spec)
	}
	add(&s.notes, &s.rows.ContainerSpecs, row)
}

func resourceColumns(row *schema.ContainerSpec, spec *ociSpec) {
	r := spec.Linux.Resources
	if r == nil {
		return
	}
	if m := r.Memory; m != nil {
		row.MemoryLimitBytes, row.MemoryReservation, row.MemorySwapBytes = m.Limit, m.Reservation, m.Swap
	}
	if c := r.CPU; c != nil {
		row.CPUShares, row.CPUQuotaUS, row.CPUPeriodUS = c.Shares, c.Quota, c.Period
		row.CPUSetCPUs, row.CPUSetMems = nonEmpty(c.Cpus), nonEmpty(c.Mems)
	}
	if p := r.Pids; p != nil {
		row.PidsLimit = p.Limit
	}
}

// namespacesAsked lists the namespaces of the specification, and the kinds it
// leaves to the host.
func namespacesAsked(spec *ociSpec) (asked, host []string) {
	asked, host = []string{}, []string{}
	has := map[string]bool{}
	for _, n := range spec.Linux.Namespaces {
		has[n.Type] = true
		if n.Path == "" {
			asked = append(asked, plain(n.Type))
		} else {
			asked = append(asked, plain(n.Type+"="+n.Path))
		}
	}
	for _, kind := range []string{"pid", "network", "ipc", "uts", "mount"} {
		if !has[kind] {
			host = append(host, kind)
		}
	}
	return asked, host
}

// privileged tells what Podman says; for other engines it is derived: no
// masked paths, no seccomp profile, and all capabilities' marker.
func privileged(spec *ociSpec, config *engineConfig) *bool {
	if config.Privileged != nil {
		return config.Privileged
	}
	if spec.Process == nil || spec.Process.Capabilities == nil || spec.Linux == nil {
		return nil
	}
	return ptr(len(spec.Linux.MaskedPaths) == 0 && spec.Linux.Seccomp == nil && slices.Contains(spec.Process.Capabilities.Bounding, "CAP_SYS_ADMIN"))
}

func hookNames(spec *ociSpec) []string {
	names := []string{}
	for kind, hooks := range spec.Hooks {
		for _, h := range hooks {
			names = append(names, plain(kind+"="+h.Path))
		}
	}
	slices.Sort(names)
	return names
}

// bindMount is an entry of bind.mounts, which CRI-O writes.
type bindMount struct {
	Source      string  `json:"source"`
	Destination string  `json:"destination"`
	FileType    string  `json:"file_type"`
	Permissions *uint32 `json:"permissions"`
}

// mountRows fills container_mounts.
func (s *imageSet) mountRows(spec *ociSpec) {
	for i, m := range spec.Mounts {
		row := schema.ContainerMount{
			Origin: "spec", Position: uint32(i), Destination: plain(m.Destination), Source: nonEmpty(m.Source), Type: nonEmpty(m.Type),
			Options: notNil(plainList(m.Options)), ReadOnly: ptr(slices.Contains(m.Options, "ro")),
			IsBind: ptr(m.Type == "bind" || slices.Contains(m.Options, "bind") || slices.Contains(m.Options, "rbind")),
		}
		for _, o := range m.Options {
			if p := strings.TrimPrefix(o, "r"); slices.Contains([]string{"private", "slave", "shared", "unbindable"}, p) {
				row.Propagation = ptr(o)
			}
		}
		add(&s.notes, &s.rows.ContainerMounts, row)
	}
	var binds []bindMount
	if s.decodeJSON("bind.mounts", &binds) {
		for i, b := range binds {
			add(&s.notes, &s.rows.ContainerMounts, schema.ContainerMount{
				Origin: "bind_mounts", Position: uint32(i), Destination: plain(b.Destination), Source: nonEmpty(b.Source),
				FileType: nonEmpty(b.FileType), Permissions: b.Permissions,
			})
		}
	}
}

// deviceRows fills container_devices.
func (s *imageSet) deviceRows(spec *ociSpec) {
	if spec.Linux == nil {
		return
	}
	for i, d := range spec.Linux.Devices {
		add(&s.notes, &s.rows.ContainerDevices, schema.ContainerDevice{
			Origin: "device", Position: uint32(i), Path: nonEmpty(d.Path), Type: nonEmpty(d.Type), Major: d.Major, Minor: d.Minor,
			FileMode: d.FileMode, UID: d.UID, GID: d.GID,
		})
	}
	if spec.Linux.Resources == nil {
		return
	}
	for i, d := range spec.Linux.Resources.Devices {
		add(&s.notes, &s.rows.ContainerDevices, schema.ContainerDevice{
			Origin: "rule", Position: uint32(i), Type: nonEmpty(d.Type), Major: d.Major, Minor: d.Minor, Allow: d.Allow.get(), Access: nonEmpty(d.Access),
		})
	}
}
