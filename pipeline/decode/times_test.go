package decode_test

import (
	"math"
	"testing"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/timens"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/timer"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/timerfd"
	"google.golang.org/protobuf/proto"
)

// TestTimesNoColumnHolds: a time that is too long is NULL, and a problem says so; the
// longest that fits is there.
func TestTimesNoColumnHolds(t *testing.T) {
	long, zero, longest := proto.Uint64(math.MaxUint64), proto.Uint64(0), proto.Uint64(math.MaxUint64/1_000_000_000)
	rows := withCore(t, func(c *core.CoreEntry) {
		itimer := func(value *uint64) *timer.ItimerEntry {
			return &timer.ItimerEntry{Isec: zero, Iusec: zero, Vsec: value, Vusec: zero}
		}
		id := proto.Uint32(7)
		c.Tc.Timers = &timer.TaskTimersEntry{Real: itimer(longest), Virt: itimer(long), Prof: itimer(zero), Posix: []*timer.PosixTimerEntry{{
			ItId: id, ClockId: id, SiSigno: id, ItSigevNotify: id, SivalPtr: zero, Overrun: id, Isec: long, Insec: zero, Vsec: zero, Vnsec: zero}}}
	})
	equal(t, "timers", problemsWith(rows, "timers"), "malformed pid=1,kind=posix,timer_id=7; malformed pid=1,kind=virtual")
	equal(t, "longest", *rows.Timers[0].ValueNS, *longest*1_000_000_000)
	equal(t, "too long", rows.Timers[1].ValueNS == nil && rows.Timers[3].IntervalNS == nil, true)

	socket := inetSocket(1, 2, []uint32{0}, []uint32{0})
	socket.Isk.Opts.SoSndTmoSec, socket.Isk.Opts.SoSndTmoUsec, socket.Isk.Opts.SoRcvTmoSec = long, zero, long
	clock := &fdinfo.FileEntry{Type: fdinfo.FdTypes_TIMERFD.Enum(), Id: proto.Uint32(2), Tfd: &timerfd.TimerfdEntry{Id: proto.Uint32(2), Vsec: long, Vnsec: zero, Isec: zero, Insec: zero}}
	rows = decodeWith(t, imageOf(t, "checkpoint/files.img", socket, clock), imageOf(t, "checkpoint/timens-0.img",
		&timens.TimensEntry{Monotonic: &timens.Timespec{TvSec: long, TvNsec: zero}, Boottime: &timens.Timespec{TvSec: zero, TvNsec: zero}}))
	equal(t, "socket options", problemsWith(rows, "socket_options"), "malformed file_id=1")
	equal(t, "files", problemsWith(rows, "files"), "malformed file_id=2")
	equal(t, "clocks", problemsWith(rows, "namespaces"), "malformed kind=time,namespace_id=5")
}
