package decode

import (
	"fmt"
	"path"
	"runtime"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// guard calls f. A fault of this program in it, a panic, costs what f was to
// decode and no more: it becomes a problem of the member, if one is named, and
// guard returns false.
func (n *notes) guard(member string, f func()) (ok bool) {
	defer func() {
		if fault := recover(); fault != nil {
			n.problem(schema.Problem{Member: nonEmptyText(member), Severity: Error, Code: Internal, Message: faultText(fault)})
		}
	}()
	f()
	return true
}

// faultText says what a panic was and where; it must be called while the stack
// of the panic is still there. Nothing of the archive is in it, nor a path of
// the machine this program was built on.
func faultText(fault any) string {
	what := fmt.Sprintf("panic with a %T", fault)
	if err, ok := fault.(runtime.Error); ok {
		what = err.Error()
	}
	return fmt.Sprintf("a fault of ckexport, please report it: %s, %s", what, faultLocation())
}

// modulePath begins the names of this program's functions.
const modulePath = "github.com/ckexport/ckexport/"

// faultLocation returns the innermost function of this program in which a panic
// came about, and what it called, if that was of another module.
func faultLocation() string {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	called, panicked := "", false
	for {
		frame, more := frames.Next()
		function, ours := strings.CutPrefix(frame.Function, modulePath)
		switch {
		case strings.HasPrefix(frame.Function, "runtime."):
			panicked = panicked || frame.Function == "runtime.gopanic"
		case panicked && ours:
			return fmt.Sprintf("in %s (%s:%d)%s", function, path.Base(frame.File), frame.Line, called)
		case panicked && called == "":
			called = ", which called " + frame.Function
		}
		if !more {
			return "in an unknown place" + called
		}
	}
}
