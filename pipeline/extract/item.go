package extract

import (
	"encoding/base64"
	"fmt"
	"iter"
	"time"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/schema"
)

// Item is a line of the manifest. Names and paths are safe to print; beside them
// stand their bytes, in base64.
type Item struct {
	Number int `json:"number"`
	// Name is that of the file with the content; empty for what has none, such as a
	// link. Map is the file that says which part of it is which memory.
	Name string `json:"name,omitempty"`
	Map  string `json:"map,omitempty"`
	// Origin is filesystem_entries.origin, ghost, memory, core, the kind of a
	// payload, container_log, criu_log or image.
	Origin       string  `json:"origin"`
	Archive      string  `json:"archive"`
	CheckpointID string  `json:"checkpoint_id"`
	Container    *string `json:"container_name,omitempty"`
	// Member is that of the archive, or of the archive within it, that held it.
	Member          string  `json:"member,omitempty"`
	MemberBase64    string  `json:"member_base64,omitempty"`
	ContainerMember string  `json:"container_member,omitempty"`
	PID             *uint32 `json:"pid,omitempty"`
	// Key names the row that tells of it, where Origin and path do not.
	Key string `json:"key,omitempty"`

	Path             string     `json:"path,omitempty"`
	PathBase64       string     `json:"path_base64,omitempty"`
	Type             string     `json:"type,omitempty"`
	Mode             string     `json:"mode,omitempty"` // octal
	UID              *uint32    `json:"uid,omitempty"`
	GID              *uint32    `json:"gid,omitempty"`
	UserName         *string    `json:"user_name,omitempty"`
	GroupName        *string    `json:"group_name,omitempty"`
	ModifiedAt       *time.Time `json:"mtime,omitempty"`
	AccessedAt       *time.Time `json:"atime,omitempty"`
	ChangedAt        *time.Time `json:"ctime,omitempty"`
	LinkTarget       string     `json:"link_target,omitempty"`
	LinkTargetBase64 string     `json:"link_target_base64,omitempty"`
	Device           string     `json:"device,omitempty"` // major:minor

	Size   *uint64  `json:"size_bytes,omitempty"`
	SHA256 string   `json:"sha256,omitempty"`
	Absent []Absent `json:"absent,omitempty"`
}

// Absent is what of the content is not in the file.
type Absent struct {
	Bytes uint64 `json:"bytes,omitempty"` // 0 where it is not known
	Why   string `json:"why"`
}

// item is an item with what is to be written of it.
type item struct {
	Item
	selector string  // that asked for it
	content  *staged // nil for none
	suffix   string  // of its name
	beside   *staged // the map
}

// checkpoint is one checkpoint of an archive, whose contents are sorted out.
type checkpoint struct {
	session *session
	id      string
	archive *schema.Archive
	rows    *schema.Rows
	copies  decode.Copies

	processes map[uint32]*processRows // see rowsOf
}

// items yields what is wanted of the checkpoint. What it yields an error for is the
// last.
func (c *checkpoint) items() iter.Seq2[*item, error] {
	return func(yield func(*item, error) bool) {
		for _, of := range []func(func(*item, error) bool) bool{c.files, c.memfds, c.members, c.payloads, c.memory, c.cores} {
			if !of(yield) {
				return
			}
		}
	}
}

// item begins an item of the checkpoint.
func (c *checkpoint) item(origin, selector string) *item {
	i := &item{selector: selector, Item: Item{Origin: origin, Archive: plain.Cell(c.archive.Source), CheckpointID: c.id}}
	if len(c.rows.Checkpoints) > 0 {
		if name := c.rows.Checkpoints[0].ContainerName; name != nil {
			i.Container = new(plain.Cell(*name))
		}
	}
	return i
}

// setCopy says where the content comes from, and where it is.
func (i *item) setCopy(from *decode.Copy) {
	i.content = copyOf(from)
	i.ContainerMember = plain.Cell(from.Archive)
	if from.Err != nil {
		i.absent(0, from.Err.Error())
	}
	if i.content.limit != nil {
		i.absent(0, i.content.limit.Error())
	}
}

func (i *item) setMember(name string) { i.Member, i.MemberBase64 = shown(name) }

func (i *item) absent(bytes uint64, why string) {
	i.Absent = append(i.Absent, Absent{bytes, plain.Cell(why)})
}

// shown returns a name as it can be printed, and its bytes in base64.
func shown(name string) (printable, inBase64 string) {
	return plain.Cell(name), base64.StdEncoding.EncodeToString([]byte(name))
}

// exact returns the bytes of a text column, false for NULL.
func exact(t schema.Text) (string, bool) {
	switch {
	case t.Raw != nil:
		return string(t.Raw), true
	case t.Text != nil:
		return *t.Text, true
	}
	return "", false
}

func octal(mode uint32) string { return fmt.Sprintf("%04o", mode) }
