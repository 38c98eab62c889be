package decode

import (
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ckexport/ckexport/schema"
)

// engineConfig is what is read of config.dump: of Podman its whole container
// configuration, of CRI-O and containerd a small struct.
type engineConfig struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Image          string            `json:"rootfsImageName"`
	ImageRef       string            `json:"rootfsImageRef"`
	ImageID        string            `json:"rootfsImageID"`
	Runtime        string            `json:"runtime"`
	Pod            string            `json:"pod"`
	CreatedAt      *time.Time        `json:"createdTime"`
	CheckpointedAt *time.Time        `json:"checkpointedTime"`
	RestoredAt     *time.Time        `json:"restoredTime"`
	Restored       *bool             `json:"restored"`
	Labels         map[string]string `json:"labels"`
	RestartPolicy  string            `json:"restart_policy"`
	Privileged     *bool             `json:"privileged"`
	NamedVolumes   []namedVolume     `json:"namedVolumes"`
	Networks       map[string]any    `json:"newNetworks"`
	LogDriver      string            `json:"logDriver"`
	ShmDir         string            `json:"ShmDir"`
	Passwd         *bool             `json:"passwd"`
}

type namedVolume struct {
	Name        string `json:"volumeName"`
	Destination string `json:"dest"`
}

// criStatus is what is read of containerd's CRI ContainerStatus: in status.dump, or
// in the manifest of a pod's checkpoint.
type criStatus struct {
	ID       string `json:"id"`
	Metadata struct {
		Name    string               `json:"name"`
		Attempt zeroIfAbsent[uint32] `json:"attempt"` // a message of protobuf as JSON: zeros are left out
	} `json:"metadata"`
	CreatedAt int64             `json:"created_at"` // nanoseconds
	StartedAt int64             `json:"started_at"`
	ImageRef  string            `json:"image_ref"`
	ImageID   string            `json:"image_id"`
	Labels    map[string]string `json:"labels"`
}

// networkStatus is network.status as Podman writes it from version 4 on: by
// network. Before, it is a list of cniResult.
type networkStatus map[string]struct {
	Interfaces map[string]networkInterface `json:"interfaces"`
}

type networkInterface struct {
	Subnets []struct {
		Network string `json:"ipnet"`
		Gateway string `json:"gateway"`
	} `json:"subnets"`
	MACAddress string `json:"mac_address"`
}

// containerInfo is what the metadata tells of a container.
type containerInfo struct {
	isKnown                       bool // there is metadata
	hasSpec, hasConfig, hasStatus bool // and could be read
	engine                        string
	spec                          ociSpec
	specFile                      []byte // as it is
	specMember                    string // that has it
	config                        engineConfig
	status                        criStatus
	labels                        map[string]string
}

// Names of engines.
const (
	enginePodman     = "podman"
	engineCRIO       = "cri-o"
	engineContainerd = "containerd"
	engineDocker     = "docker"
	engineUnknown    = "unknown"
)

// containerInfo returns what the metadata tells of the container.
func (s *imageSet) containerInfo() *containerInfo {
	return s.facts.containerInfo.get(func() *containerInfo {
		c := &containerInfo{}
		c.specFile, c.specMember = s.specification()
		c.hasSpec = s.decodeMember(c.specFile, c.specMember, &c.spec)
		c.hasConfig = s.decodeJSON("config.dump", &c.config)
		c.hasStatus = s.decodeJSON("status.dump", &c.status)
		p := s.packaging()
		if p.container != nil && s.metadataFile("status.dump") == nil {
			c.status = p.container.Status
		}
		c.isKnown = c.hasSpec || c.hasConfig || p.optionsFile != nil || p.dumpFile != nil
		c.engine = engineOf(c.spec.Annotations)
		s.labelsOf(c)
		return c
	})
}

// decodeContainer fills the tables of the container's own metadata, and those
// of the image and pod around it.
func (s *imageSet) decodeContainer() {
	c := s.containerInfo()
	if i := s.packaging().image; i != nil {
		s.annotationRows("image_annotation", i.annotations)
	}
	s.annotationRows("pod_annotation", s.packaging().options.Annotations)
	for _, row := range s.containerNetworks() {
		add(&s.notes, &s.rows.ContainerNetworks, row)
	}
	if !c.isKnown {
		return
	}
	s.specRow(&c.spec, &c.config)
	s.mountRows(&c.spec)
	s.deviceRows(&c.spec)
	s.annotationRows("annotation", c.spec.Annotations)
	s.annotationRows("label", c.labels)
}

// engineOf tells the engine by its annotations.
func engineOf(annotations map[string]string) string {
	switch annotations["io.container.manager"] {
	case "libpod":
		return enginePodman
	case "cri-o":
		return engineCRIO
	}
	for key := range annotations {
		if strings.HasPrefix(key, "io.kubernetes.cri.") {
			return engineContainerd
		}
	}
	return engineUnknown
}

// labelsOf finds the labels where the engine keeps them.
func (s *imageSet) labelsOf(c *containerInfo) {
	switch c.engine {
	case enginePodman:
		c.labels = c.config.Labels
	case engineCRIO:
		if text := c.spec.Annotations["io.kubernetes.cri-o.Labels"]; text != "" {
			if err := s.unmarshal([]byte(text), &c.labels); err != nil {
				s.problem(schema.Problem{TableName: ptr("annotations"), Severity: Warning, Code: Malformed,
					Message: "annotation io.kubernetes.cri-o.Labels is no JSON object of texts: " + jsonFault(err)})
			}
		}
	case engineContainerd:
		c.labels = c.status.Labels
	}
}

func (s *imageSet) annotationRows(kind string, values map[string]string) {
	if isFull(&s.notes, &s.rows.Annotations) {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(values)) {
		add(&s.notes, &s.rows.Annotations, schema.Annotation{Kind: kind, Key: plain(k), Value: plain(values[k])})
	}
}

// containerNetworks returns the addresses of the container: those of
// network.status, and those that CRI-O numbers in its annotations.
func (s *imageSet) containerNetworks() []schema.ContainerNetwork {
	return s.facts.containerNetworks.get(func() (rows []schema.ContainerNetwork) {
		rows = s.networkStatusRows()
		for n := 0; ; n++ {
			ip, ok := s.containerInfo().spec.Annotations["io.kubernetes.cri-o.IP."+strconv.Itoa(n)]
			if !ok {
				return rows
			}
			if ip != "" {
				rows = append(rows, schema.ContainerNetwork{Origin: "annotation", Address: parsedAddress(ip)})
			}
		}
	})
}

// rows returns the addresses by network and interface.
func (n networkStatus) rows() (rows []schema.ContainerNetwork) {
	for _, network := range slices.Sorted(maps.Keys(n)) {
		interfaces := n[network].Interfaces
		for _, name := range slices.Sorted(maps.Keys(interfaces)) {
			rows = interfaces[name].appendRows(rows, network, name)
		}
	}
	return rows
}

// appendRows adds a row for each address of the interface, or one without.
func (i networkInterface) appendRows(rows []schema.ContainerNetwork, network, name string) []schema.ContainerNetwork {
	row := schema.ContainerNetwork{Origin: "network_status", NetworkName: ptr(plain(network)), InterfaceName: ptr(plain(name)), MACAddress: nonEmpty(i.MACAddress)}
	if len(i.Subnets) == 0 {
		return append(rows, row)
	}
	for _, subnet := range i.Subnets {
		rows = append(rows, withSubnet(row, subnet.Network, subnet.Gateway))
	}
	return rows
}

// withSubnet completes a row with an address, which has the length of its
// prefix behind a slash.
func withSubnet(row schema.ContainerNetwork, subnet, gateway string) schema.ContainerNetwork {
	row.Address, row.Gateway = parsedAddress(subnet), nonEmpty(gateway)
	if prefix, err := netip.ParsePrefix(subnet); err == nil {
		row.Address, row.PrefixLength = address(prefix.Addr().AsSlice()), ptr(uint32(prefix.Bits()))
	}
	return row
}

// volumeMounts returns where named volumes are mounted.
func (s *imageSet) volumeMounts() map[string]string {
	mounts := map[string]string{}
	for _, v := range s.containerInfo().config.NamedVolumes {
		mounts[v.Name] = v.Destination
	}
	return mounts
}

// name returns the container's name, as its engine's users know it.
func (c *containerInfo) name() *string {
	a := c.spec.Annotations
	switch c.engine {
	case engineCRIO:
		var metadata struct {
			Name string `json:"name"`
		}
		if json.Unmarshal([]byte(a["io.kubernetes.cri-o.Metadata"]), &metadata) == nil && metadata.Name != "" {
			return nonEmpty(metadata.Name)
		}
		if n := a["io.kubernetes.container.name"]; n != "" {
			return nonEmpty(n)
		}
	case engineContainerd:
		if n := a["io.kubernetes.cri.container-name"]; n != "" {
			return nonEmpty(n)
		}
		if n := c.status.Metadata.Name; n != "" {
			return nonEmpty(n)
		}
	}
	return nonEmpty(c.config.Name)
}

// attempt returns how often the container was restarted before.
func (c *containerInfo) attempt() *uint32 {
	switch c.engine {
	case engineCRIO:
		var metadata struct {
			Attempt *uint32 `json:"attempt"`
		}
		if json.Unmarshal([]byte(c.spec.Annotations["io.kubernetes.cri-o.Metadata"]), &metadata) == nil && metadata.Attempt != nil {
			return metadata.Attempt
		}
		if n, err := strconv.ParseUint(c.spec.Annotations["io.kubernetes.container.restartCount"], 10, 32); err == nil {
			return ptr(uint32(n))
		}
	case engineContainerd:
		if c.status.Metadata.Name == "" {
			return c.status.Metadata.Attempt.value
		}
		return c.status.Metadata.Attempt.get()
	}
	return nil
}

// firstAnnotation returns the first annotation that is there.
func (c *containerInfo) firstAnnotation(keys ...string) *string {
	for _, k := range keys {
		if v := c.spec.Annotations[k]; v != "" {
			return nonEmpty(v)
		}
	}
	return nil
}
