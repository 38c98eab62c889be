package extract

import (
	"fmt"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/schema"
)

// files yields captured and deleted files.
func (c *checkpoint) files(yield func(*item, error) bool) bool {
	captured, ghosts := map[int]*decode.Copy{}, map[uint32]*decode.Copy{}
	for _, from := range c.copies.Contents {
		switch {
		case from.Origin == "ghost":
			ghosts[from.GhostID] = from
		case from.Row >= 0:
			captured[from.Row] = from
		}
	}
	schema.UnpackTable[schema.FilesystemEntry](c.rows)
	for n := range c.rows.FilesystemEntries {
		row := &c.rows.FilesystemEntries[n]
		path, known := exact(row.Path)
		if !known { // where it was mounted is not known: its name within the capture tells
			path, _ = exact(row.MemberPath)
		}
		if g := c.wantedAs(path); g != nil && row.Type != nil && !yield(c.captured(row, captured[n], g.selector()), nil) {
			return false
		}
	}
	for n := range c.rows.GhostFiles {
		row := &c.rows.GhostFiles[n]
		paths := exactList(row.Paths)
		if len(paths) == 0 && ghosts[row.GhostID] != nil { // nothing refers to it: its image has a name
			paths = []string{ghosts[row.GhostID].File.Name}
		}
		for _, path := range paths {
			if g := c.wantedAs(path); g != nil {
				if !yield(c.ghost(row, path, ghosts[row.GhostID], g.selector()), nil) {
					return false
				}
				break
			}
		}
	}
	return true
}

// wantedAs returns the pattern that a path is wanted by, nil for none.
func (c *checkpoint) wantedAs(path string) *Glob {
	for i := range c.session.opts.Selection.Files {
		if g := &c.session.opts.Selection.Files[i]; g.Matches(path) {
			return g
		}
	}
	return nil
}

func (c *checkpoint) captured(row *schema.FilesystemEntry, from *decode.Copy, selector string) *item {
	i := c.item(row.Origin, selector)
	i.Type, i.UID, i.GID, i.UserName, i.GroupName = *row.Type, row.UID, row.GID, row.UserName, row.GroupName
	i.ModifiedAt, i.AccessedAt, i.ChangedAt = row.ModifiedAt, row.AccessedAt, row.ChangedAt
	i.Key = fmt.Sprintf("position=%d", row.Position)
	if path, known := exact(row.Path); known {
		i.Path, i.PathBase64 = shown(path)
	} else {
		path, _ := exact(row.MemberPath)
		i.Path, i.PathBase64 = shown(path)
		if row.Origin != "artifact" { // which the engine kept, and the container has not
			i.absent(0, "where it was mounted: the path is that within the capture")
		}
	}
	if member, ok := exact(row.Member); ok {
		i.setMember(member)
	}
	if row.Mode != nil {
		i.Mode = octal(*row.Mode)
	}
	if target, ok := exact(row.LinkTarget); ok {
		i.LinkTarget, i.LinkTargetBase64 = shown(target)
	}
	if row.DeviceMajor != nil && row.DeviceMinor != nil {
		i.Device = fmt.Sprintf("%d:%d", *row.DeviceMajor, *row.DeviceMinor)
	}
	i.Size = row.SizeBytes
	switch {
	case from != nil:
		i.setCopy(from)
	case i.Type == "file":
		i.absent(*row.SizeBytes, "the archive does not have it where it can be read")
	}
	return i
}

func (c *checkpoint) ghost(row *schema.GhostFile, path string, from *decode.Copy, selector string) *item {
	i := c.item("ghost", selector)
	i.UID, i.GID, i.Mode, i.Size = &row.UID, &row.GID, octal(row.Mode), row.SizeBytes
	i.ModifiedAt, i.AccessedAt = row.ModifiedAt, row.AccessedAt
	i.Key = fmt.Sprintf("ghost_id=%d", row.GhostID)
	i.Path, i.PathBase64 = shown(path)
	if row.FileKind != nil {
		i.Type = *row.FileKind
	}
	if target, ok := exact(row.SymlinkTarget); ok {
		i.LinkTarget, i.LinkTargetBase64 = shown(target)
	}
	if from != nil {
		i.setMember(from.File.Name)
		if row.SizeBytes != nil { // only files have content
			i.setCopy(from)
		}
	}
	return i
}

// members yields logs and images as they stand.
func (c *checkpoint) members(yield func(*item, error) bool) bool {
	for _, from := range c.copies.Contents {
		if from.Origin != "member" {
			continue
		}
		origin, selector := "image", imagesSelector
		switch from.Role {
		case layout.ContainerLog:
			origin, selector = "container_log", logsSelector
		case layout.CRIULog:
			origin, selector = "criu_log", logsSelector
		}
		i := c.item(origin, selector)
		m := from.File
		i.setMember(m.RawName)
		i.Type, i.Mode, i.UID, i.GID = string(m.Type), octal(m.Mode), new(uint32(m.UID)), new(uint32(m.GID))
		if !m.ModTime.IsZero() {
			i.ModifiedAt = new(m.ModTime.UTC())
		}
		i.setCopy(from)
		if !yield(i, nil) {
			return false
		}
	}
	return true
}

// exactList returns the bytes of each text of a list.
func exactList(list schema.TextList) []string {
	if list.Raw == nil {
		return list.Text
	}
	exact := make([]string, len(list.Raw))
	for i, raw := range list.Raw {
		exact[i] = string(raw)
	}
	return exact
}
