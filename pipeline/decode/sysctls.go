package decode

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	ipc "github.com/checkpoint-restore/go-criu/v8/crit/images/ipc-var"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/netdev"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/sysctl"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// Bounds of sysctls: a byte of a list in an image becomes a row of hundreds.
const (
	maxSysctlList = 512
	maxSysctls    = 250_000
)

// sysctlList is one list of settings of an image.
type sysctlList struct {
	field  string
	known  criu.SysctlList
	folder string // below /proc/sys; empty where it is not known
	row    schema.Sysctl
}

// sysctlTable is sysctls while it is filled.
type sysctlTable struct {
	*imageSet
	noted map[string]bool // lists that a problem tells of
}

// decodeSysctls fills sysctls.
func (s *imageSet) decodeSysctls() {
	t := &sysctlTable{imageSet: s, noted: map[string]bool{}}
	for _, d := range s.devices().devices {
		t.deviceSettings(d.namespace, d.entry)
	}
	t.networkSettings()
	t.ipcSettings()
}

// addList adds a list's rows. value fills in that of a position.
func (s *sysctlTable) addList(l sysctlList, length int, value func(i int, row *schema.Sysctl)) {
	names := l.known.Names(length)
	if names == nil && length > 0 {
		s.noteOdd(l, length)
	}
	l.row.Field = l.field
	for i := range min(length, maxSysctlList) {
		if len(s.rows.Sysctls) >= maxSysctls {
			s.noteTooMany()
			return
		}
		row := l.row
		row.Position, row.Name = uint32(i), "index_"+strconv.Itoa(i)
		if names != nil {
			row.Name = names[i]
			if l.folder != "" {
				row.Path = ptr(l.folder + "/" + names[i])
			}
		}
		value(i, &row)
		add(&s.notes, &s.rows.Sysctls, row)
	}
}

// noteOdd notes, once for a field of a namespace, that a list has a length at which
// its positions do not tell the names of its settings.
func (s *sysctlTable) noteOdd(l sysctlList, length int) {
	key := fmt.Sprintf("namespace_kind=%s, namespace_id=%d, field=%s", l.row.NamespaceKind, l.row.NamespaceID, l.field)
	if s.noted[key] {
		return
	}
	s.noted[key] = true
	s.rowProblem("sysctls", key, Warning, SizeMismatch, fmt.Sprintf("a list of %d settings, which no known CRIU writes: their names are not known", length))
	if length > maxSysctlList {
		s.rowProblem("sysctls", key, Error, LimitExceeded, fmt.Sprintf("more than %d settings in a list", maxSysctlList))
	}
}

func (s *sysctlTable) noteTooMany() {
	const key = "all"
	if !s.noted[key] {
		s.noted[key] = true
		s.rowProblem("sysctls", "", Error, LimitExceeded, fmt.Sprintf("more than %d settings", maxSysctls))
	}
}

// addEntries adds the rows of a list of typed settings.
func (s *sysctlTable) addEntries(l sysctlList, entries []*sysctl.SysctlEntry) {
	s.addList(l, len(entries), func(i int, row *schema.Sysctl) {
		e := entries[i]
		row.Type = optionalEnum(&criu.SysctlType, e.Type)
		if e.Iarg != nil {
			row.Value, row.IntValue = text(strconv.Itoa(int(e.GetIarg()))), ptr(int64(e.GetIarg()))
		}
		if e.Sarg != nil {
			row.Value = text(strings.TrimSuffix(e.GetSarg(), "\n"))
		}
	})
}

// addNumbers adds the rows of a list of the layout before those, in which -1 says that
// the kernel did not have the setting.
func (s *sysctlTable) addNumbers(l sysctlList, values []int32) {
	s.addList(l, len(values), func(i int, row *schema.Sysctl) {
		if values[i] != -1 {
			row.Value, row.IntValue = text(strconv.Itoa(int(values[i]))), ptr(int64(values[i]))
		}
	})
}

// networkSettings adds the settings of network namespaces.
func (s *sysctlTable) networkSettings() {
	for _, id := range slices.Sorted(maps.Keys(s.networks())) {
		n := s.networks()[id]
		list := func(field string, known criu.SysctlList, scope, folder string, version uint8) sysctlList {
			l := sysctlList{field: field, known: known, folder: folder, row: schema.Sysctl{NamespaceKind: "net", NamespaceID: id, Scope: scope}}
			if version != 0 {
				l.row.IPVersion = &version
			}
			return l
		}
		s.addEntries(list("def_conf4", criu.SysctlIPv4Conf, "default", "net/ipv4/conf/default", 4), n.GetDefConf4())
		s.addEntries(list("all_conf4", criu.SysctlIPv4Conf, "all", "net/ipv4/conf/all", 4), n.GetAllConf4())
		s.addEntries(list("def_conf6", criu.SysctlIPv6Conf, "default", "net/ipv6/conf/default", 6), n.GetDefConf6())
		s.addEntries(list("all_conf6", criu.SysctlIPv6Conf, "all", "net/ipv6/conf/all", 6), n.GetAllConf6())
		s.addNumbers(list("def_conf", criu.SysctlIPv4Conf, "default", "net/ipv4/conf/default", 4), n.GetDefConf())
		s.addNumbers(list("all_conf", criu.SysctlIPv4Conf, "all", "net/ipv4/conf/all", 4), n.GetAllConf())
		s.addEntries(list("unix_conf", criu.SysctlUnix, "unix", "net/unix", 0), n.GetUnixConf())
		s.addEntries(list("ipv4_sysctl", criu.SysctlIPv4, "ipv4", "net/ipv4", 4), n.GetIpv4Sysctl())
	}
}

// deviceSettings adds the settings of an interface.
func (s *sysctlTable) deviceSettings(id uint32, d *netdev.NetDeviceEntry) {
	list := func(field string, known criu.SysctlList, version uint8) sysctlList {
		l := sysctlList{field: field, known: known, row: schema.Sysctl{
			NamespaceKind: "net", NamespaceID: id, Scope: "device", IPVersion: &version, InterfaceIndex: d.Ifindex}}
		if len(d.GetName()) <= maxInterfaceName { // a longer one is none, and would stand in every row
			l.row.Device = optionalText(d.Name)
			l.folder = fmt.Sprintf("net/ipv%d/conf/%s", version, plain(d.GetName()))
		}
		return l
	}
	s.addEntries(list("conf4", criu.SysctlIPv4Conf, 4), d.GetConf4())
	s.addEntries(list("conf6", criu.SysctlIPv6Conf, 6), d.GetConf6())
	s.addNumbers(list("conf", criu.SysctlIPv4Conf, 4), d.GetConf())
}

// ipcSettings adds the settings of IPC namespaces.
func (s *sysctlTable) ipcSettings() {
	for _, img := range s.ofKind("IPC_VAR") {
		id := s.namespaceID(img)
		v := oneOf[ipc.IpcVarEntry](s.imageSet, img)
		if v == nil {
			continue
		}
		base := schema.Sysctl{NamespaceKind: "ipc", NamespaceID: id, Scope: "ipc"}
		sem := sysctlList{field: "sem_ctls", known: criu.SysctlSem, row: base}
		s.addList(sem, len(v.GetSemCtls()), func(i int, row *schema.Sysctl) {
			row.Path = ptr("kernel/sem") // four values in one file
			setUnsigned(row, uint64(v.GetSemCtls()[i]))
		})
		for _, f := range ipcSettingsOf(v) {
			row := base
			row.Field, row.Name, row.Path = f.field, f.path[strings.LastIndexByte(f.path, '/')+1:], ptr(f.path)
			if f.value != nil {
				setUnsigned(&row, *f.value)
			}
			add(&s.notes, &s.rows.Sysctls, row)
		}
	}
}

func setUnsigned(row *schema.Sysctl, v uint64) {
	row.Value = text(strconv.FormatUint(v, 10))
	if v <= math.MaxInt64 {
		row.IntValue = ptr(int64(v))
	}
}

// ipcSetting is a field of ipc_var_entry and the file below /proc/sys that CRIU
// reads it from.
type ipcSetting struct {
	field, path string
	value       *uint64
}

// ipcSettingsOf lists an image's settings. Source: CRIU criu/ipc_ns.c,
// ipc_sysctl_req.
func ipcSettingsOf(v *ipc.IpcVarEntry) []ipcSetting {
	wide := func(v *uint32) *uint64 {
		if v == nil {
			return nil
		}
		return ptr(uint64(*v))
	}
	// Without POSIX message queues CRIU writes zeros; the kernel itself takes
	// no limit of 0 messages.
	queue := func(value *uint32) *uint64 {
		if v.GetMqMsgMax() == 0 && v.GetMqMsgsizeMax() == 0 {
			return nil
		}
		return wide(value)
	}
	return []ipcSetting{
		{"msg_ctlmax", "kernel/msgmax", wide(v.MsgCtlmax)},
		{"msg_ctlmnb", "kernel/msgmnb", wide(v.MsgCtlmnb)},
		{"msg_ctlmni", "kernel/msgmni", wide(v.MsgCtlmni)},
		{"auto_msgmni", "kernel/auto_msgmni", wide(v.AutoMsgmni)},
		{"shm_ctlmax", "kernel/shmmax", v.ShmCtlmax},
		{"shm_ctlall", "kernel/shmall", v.ShmCtlall},
		{"shm_ctlmni", "kernel/shmmni", wide(v.ShmCtlmni)},
		{"shm_rmid_forced", "kernel/shm_rmid_forced", wide(v.ShmRmidForced)},
		{"mq_queues_max", "fs/mqueue/queues_max", queue(v.MqQueuesMax)},
		{"mq_msg_max", "fs/mqueue/msg_max", queue(v.MqMsgMax)},
		{"mq_msgsize_max", "fs/mqueue/msgsize_max", queue(v.MqMsgsizeMax)},
		{"mq_msg_default", "fs/mqueue/msg_default", queue(v.MqMsgDefault)},
		{"mq_msgsize_default", "fs/mqueue/msgsize_default", queue(v.MqMsgsizeDefault)},
		{"msg_next_id", "kernel/msg_next_id", wide(v.MsgNextId)},
		{"sem_next_id", "kernel/sem_next_id", wide(v.SemNextId)},
		{"shm_next_id", "kernel/shm_next_id", wide(v.ShmNextId)},
	}
}
