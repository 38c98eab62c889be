package decode

import (
	"fmt"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/cgroup"

	"github.com/ckexport/ckexport/schema"
)

// decodeCgroups fills cgroup_memberships and cgroup_properties.
func (s *imageSet) decodeCgroups() {
	c := one[cgroup.CgroupEntry](s, "cgroup.img")
	for _, set := range c.GetSets() {
		for _, m := range set.GetCtls() {
			row := schema.CgroupMembership{
				CgSet: set.GetId(), Hierarchy: optionalText(m.Name), CgroupVersion: 1, Path: optionalText(m.Path),
				NamespacePrefix: m.CgnsPrefix, PathInNamespace: optionalText(m.Path),
			}
			if m.GetName() == "" {
				row.CgroupVersion = 2
			}
			if n := m.GetCgnsPrefix(); uint64(n) <= uint64(len(m.GetPath())) {
				below := m.GetPath()[n:]
				if n > 0 && below == "" {
					below = "/" // the root itself, as /proc/PID/cgroup shows it
				}
				row.PathInNamespace = text(below)
			}
			add(&s.notes, &s.rows.CgroupMemberships, row)
		}
	}
	for i, controller := range c.GetControllers() {
		row := schema.CgroupProperty{ControllerPosition: uint32(i), IsThreaded: controller.IsThreaded}
		var size int
		for _, name := range controller.GetCnames() {
			size += len(name) + 1
		}
		if size <= maxPath { // each of its rows repeats them
			row.Controllers = textList(notNil(controller.GetCnames()))
		} else {
			s.rowProblem("cgroup_properties", fmt.Sprintf("controller_position=%d", i), Warning, LimitExceeded, fmt.Sprintf("the names of its controllers are longer than %d bytes", maxPath))
		}
		if len(controller.GetDirs()) == 0 {
			add(&s.notes, &s.rows.CgroupProperties, row)
		}
		s.cgroupDirectories(row, controller.GetDirs(), ptr(""), 0)
	}
}

// cgroupDirectories adds the rows of directories and what is below them. The
// image has the outermost ones by their path without the slash it begins with,
// those below by their names. Source: CRIU criu/cgroup.c, dump_cg_dirs.
func (s *imageSet) cgroupDirectories(row schema.CgroupProperty, dirs []*cgroup.CgroupDirEntry, above *string, depth uint32) {
	for _, d := range dirs {
		var path *string
		if above != nil && len(*above)+1+len(d.GetDirName()) <= maxPath {
			path = ptr(*above + "/" + d.GetDirName())
		} else {
			s.rowProblem("cgroup_properties", fmt.Sprintf("controller_position=%d", row.ControllerPosition), Warning, LimitExceeded,
				fmt.Sprintf("the path of a directory is longer than %d bytes", maxPath))
		}
		row := row
		row.Path, row.Depth = optionalText(path), &depth
		if p := d.GetDirPerms(); p != nil {
			row.DirectoryMode, row.DirectoryUID, row.DirectoryGID = p.Mode, p.Uid, p.Gid
		}
		for _, p := range d.GetProperties() {
			row := row
			row.Property, row.Value = optionalText(p.Name), optionalText(p.Value)
			if perms := p.GetPerms(); perms != nil {
				row.PropertyMode, row.PropertyUID, row.PropertyGID = perms.Mode, perms.Uid, perms.Gid
			}
			add(&s.notes, &s.rows.CgroupProperties, row)
		}
		if len(d.GetProperties()) == 0 {
			add(&s.notes, &s.rows.CgroupProperties, row)
		}
		if path != nil && *path == "/" {
			path = ptr("") // the root of the hierarchy
		}
		s.cgroupDirectories(row, d.GetChildren(), path, depth+1)
	}
}
