package decode

import (
	"math"
	"math/bits"
	"slices"
	"time"

	imgtime "github.com/checkpoint-restore/go-criu/v8/crit/images/time"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/timens"
)

// minTime and maxTime bound the times that columns hold: microseconds in 64 bits, and
// years a reader can print.
var minTime, maxTime = time.Date(-9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// when returns a time for a column: NULL for Go's zero time, which engines
// write for "never", and for times no column can hold.
func when(t time.Time) *time.Time {
	if !isTime(t) {
		return nil
	}
	t = t.UTC()
	return &t
}

// isTime reports whether a time is one that columns can hold.
func isTime(t time.Time) bool { return !isNever(t) && !t.Before(minTime) && !t.After(maxTime) }

// isNever reports whether a time is Go's zero time, as it is written in any zone: engines
// write local times, with the minutes of an offset that has seconds in that year.
func isNever(t time.Time) bool { return t.Sub(time.Time{}).Abs() < 24*time.Hour }

// optionalWhen is when for a time that may be absent.
func optionalWhen(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return when(*t)
}

// timeOf returns a time of an image, NULL where it is absent or impossible.
func timeOf(t *imgtime.Timeval) *time.Time {
	const most = 1 << 40           // of seconds: time.Unix takes no more than some
	seconds := int64(t.GetTvSec()) // before 1970 negative, which the message has as a large number
	if t == nil || seconds > most || seconds < -most || t.GetTvUsec() > 1<<30 {
		return nil
	}
	return when(time.Unix(seconds, int64(t.GetTvUsec())*1000))
}

// nanoseconds joins seconds and nanoseconds; nil where the sum overflows.
func nanoseconds(sec, nsec uint64) *uint64 {
	const perSecond = 1_000_000_000
	high, whole := bits.Mul64(sec, perSecond)
	sum, carry := bits.Add64(whole, nsec, 0)
	if high != 0 || carry != 0 {
		return nil
	}
	return &sum
}

// nanosecondsOfMicros returns a time in nanoseconds, nil where it does not fit.
func nanosecondsOfMicros(seconds, micros uint64) *uint64 {
	if micros > math.MaxUint64/1000 {
		return nil
	}
	return nanoseconds(seconds, micros*1000)
}

// microseconds joins seconds and microseconds; nil where either is absent, or
// the sum overflows.
func microseconds(sec, usec *uint64) *uint64 {
	const perSecond = 1_000_000
	if sec == nil || usec == nil || *sec > math.MaxUint64/perSecond-1 || *usec > perSecond {
		return nil
	}
	return ptr(*sec*perSecond + *usec)
}

// checkTimes notes times of a row that are NULL because no column holds them.
func (n *notes) checkTimes(table, key string, times ...*uint64) {
	if slices.Contains(times, nil) {
		n.rowProblem(table, key, Error, Malformed, "a time is longer than its column holds")
	}
}

// clockReading returns a clock in nanoseconds, nil where it does not fit.
func clockReading(t *timens.Timespec) *int64 {
	if t == nil {
		return nil
	}
	ns := nanoseconds(t.GetTvSec(), t.GetTvNsec())
	if ns == nil || *ns > math.MaxInt64 {
		return nil
	}
	return ptr(int64(*ns))
}
