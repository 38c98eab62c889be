package decode

import (
	"path"
	"time"

	"github.com/ckexport/ckexport/schema"
)

// dockerCheckpoint is config.json, which Docker keeps among the images of a
// checkpoint. Source: containerd 0.2 runtime/runtime.go, Checkpoint.
type dockerCheckpoint struct {
	CreatedAt       *time.Time `json:"created"`
	Name            string     `json:"name"`
	TCP             bool       `json:"tcp"`
	UnixSockets     bool       `json:"unixSockets"`
	Shell           bool       `json:"shell"`
	Exit            bool       `json:"exit"`
	EmptyNamespaces []string   `json:"emptyNS"`
}

// dockerColumns fills in what Docker tells of its checkpoint. A file of that
// name with neither name nor time is another's, such as runc's specification.
func (s *imageSet) dockerColumns(row *schema.Checkpoint) {
	member := path.Join(s.dir, "config.json")
	data := s.metadata[member]
	if data == nil {
		return
	}
	var d dockerCheckpoint
	if err := s.unmarshal(data, &d); err != nil {
		s.container.jsonProblem(member, err)
	}
	if d.CreatedAt == nil && d.Name == "" {
		return
	}
	if row.Engine == engineUnknown {
		row.Engine = engineDocker
	}
	row.CheckpointName = nonEmpty(d.Name)
	if row.CheckpointedAt == nil {
		row.CheckpointedAt = optionalWhen(d.CreatedAt)
	}
	row.CheckpointOptions = d.options()
}

// options names the options as containerd does. Source: containerd
// api/types/runc/options/oci.proto, CheckpointOptions.
func (d *dockerCheckpoint) options() []string {
	options := []string{}
	for _, o := range []struct {
		name string
		set  bool
	}{{"exit", d.Exit}, {"open_tcp", d.TCP}, {"external_unix_sockets", d.UnixSockets}, {"terminal", d.Shell}} {
		if o.set {
			options = append(options, o.name)
		}
	}
	for _, namespace := range d.EmptyNamespaces {
		options = append(options, "empty_namespaces="+plain(namespace))
	}
	return options
}
