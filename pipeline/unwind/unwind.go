// Package unwind finds the stack frames of a thread from its registers and what
// is kept of its memory: who called the function that it is in, and who called
// that one.
//
// A checkpoint has the stack, but mostly not the program: pages of files that are
// mapped unchanged stay in the files. So several ways are tried, from the surest
// to the least: unwind tables, where the ELF file is at hand; frame pointers,
// which Go and some C programs keep; and words of the stack that point into
// code. A frame says which way it was found.
package unwind

// Method is how a frame was found.
type Method string

// The methods.
const (
	ByRegisters    Method = "registers"     // the thread's own registers: the first frame
	ByTable        Method = "unwind"        // .eh_frame or .debug_frame of the ELF file
	ByFramePointer Method = "frame_pointer" // the chain of saved frame pointers
	ByScan         Method = "scan"          // a word of the stack that points into code
)

// Confidence is how sure it is that a frame is one.
type Confidence string

// The confidences. High are registers and tables; medium are frame pointers, and
// scanned words that stand behind a call in the ELF file; low are other scanned
// words: what an earlier call left behind looks like them.
const (
	High   Confidence = "high"
	Medium Confidence = "medium"
	Low    Confidence = "low"
)

// Frame is a call that has not returned.
type Frame struct {
	IP, SP     uint64
	FP         *uint64 // nil where it is not known
	Method     Method
	Confidence Confidence
	// Image is the ELF file that IP is in, and Address where in it; nil if it is not
	// at hand.
	Image   *Image
	Address uint64
}

// Memory is what is kept of a thread's memory.
type Memory interface {
	// Word returns the 8 bytes at an address.
	Word(address uint64) (uint64, bool)
}

// Code tells of the program's code.
type Code interface {
	// IsCode reports whether an address can be executed.
	IsCode(address uint64) bool
	// Image returns the ELF file that is mapped at an address, and the address that
	// it was linked to have; nil if the file is not at hand.
	Image(address uint64) (*Image, uint64)
}

// Bounds of a walk. A hostile stack may go on for ever.
const (
	MaxFrames    = 256
	maxScanned   = 32       // frames in a row that were found by scanning
	scanWords    = 1 << 10  // that are looked at for one frame
	maxFrameSize = 16 << 20 // distance of frame pointers
)

// walk is the state of a walk: the registers as they are in the last frame.
type walk struct {
	memory  Memory
	code    Code
	regs    registers
	frames  []Frame
	scanned int // frames in a row
}

// Walk returns the frames of a thread, the innermost first; none if its
// architecture is unknown here, or its registers lack one.
func Walk(thread *Thread, memory Memory, code Code) []Frame {
	w := &walk{memory: memory, code: code, regs: thread.regs}
	if !w.regs.isKnown(w.regs.arch.ip) || !w.regs.isKnown(w.regs.arch.sp) {
		return nil
	}
	w.add(ByRegisters, High)
	for len(w.frames) < MaxFrames {
		if more, ok := w.byTable(); ok {
			if !more {
				break
			}
			continue
		}
		if w.byScanBelowFrame() {
			continue
		}
		if more, ok := w.byFramePointer(); ok {
			if !more {
				break
			}
			continue
		}
		if !w.byScan(scanWords, false) {
			break
		}
	}
	return w.frames
}

func (w *walk) ip() uint64 { return w.regs.values[w.regs.arch.ip] }
func (w *walk) sp() uint64 { return w.regs.values[w.regs.arch.sp] }

// fp returns the frame pointer, if it can be one: it stands above the stack
// pointer, not too far.
func (w *walk) fp() (uint64, bool) {
	fp := w.regs.values[w.regs.arch.fp]
	return fp, w.regs.isKnown(w.regs.arch.fp) && fp >= w.sp() && fp-w.sp() < maxFrameSize && fp%8 == 0
}

// place returns the image that the last frame is in. But for the first, the
// instruction pointer is where a call returns to, which may be the next function.
func (w *walk) place() (*Image, uint64) {
	at := w.ip()
	if len(w.frames) > 1 {
		at--
	}
	return w.code.Image(at)
}

// add adds a frame with the registers at hand.
func (w *walk) add(method Method, confidence Confidence) {
	f := Frame{IP: w.ip(), SP: w.sp(), Method: method, Confidence: confidence}
	if w.regs.isKnown(w.regs.arch.fp) {
		fp := w.regs.values[w.regs.arch.fp]
		f.FP = &fp
	}
	w.frames = append(w.frames, f)
	last := &w.frames[len(w.frames)-1]
	last.Image, last.Address = w.place()
	w.scanned++
	if method != ByScan {
		w.scanned = 0
	}
}

// byTable takes the caller from the unwind table; ok is false where there is none,
// or it leads nowhere, and more is false where it says that nobody called.
func (w *walk) byTable() (more, ok bool) {
	image, address := w.place()
	if image == nil {
		return false, false
	}
	row, found := image.row(address)
	if !found {
		return false, false
	}
	next, ends, ok := row.apply(w.regs, w.memory)
	switch {
	case !ok:
		return false, false
	case ends:
		return false, true
	case !w.code.IsCode(next.values[next.arch.ip]) || next.values[next.arch.sp] <= w.sp():
		return false, false
	}
	w.regs = next
	w.add(ByTable, High)
	return true, true
}

// byFramePointer takes the caller from where the frame pointer points to: the
// caller's frame pointer, and behind it the return address. This is how x86-64
// and AArch64 have it (System V ABI for AMD64, 3.2.2; AAPCS64, 6.4.6).
func (w *walk) byFramePointer() (more, ok bool) {
	fp, isFP := w.fp()
	if !isFP {
		return false, false
	}
	next, ok1 := w.memory.Word(fp)
	caller, ok2 := w.memory.Word(fp + 8)
	if !ok1 || !ok2 {
		return false, false
	}
	caller = w.regs.arch.plainAddress(caller)
	if caller == 0 && next == 0 {
		return false, true
	}
	if !w.code.IsCode(caller) || next != 0 && next <= fp {
		return false, false
	}
	w.regs = w.regs.only(w.regs.arch.preserved)
	w.regs.set(w.regs.arch.ip, caller)
	w.regs.set(w.regs.arch.sp, fp+16)
	w.regs.set(w.regs.arch.fp, next)
	w.add(ByFramePointer, Medium)
	if next == 0 { // the outermost frame
		return false, true
	}
	return true, true
}

// leadsToLast reports whether the call before an address may be that of the function
// that the last frame is in. Calls of other files, and through pointers, may.
func (w *walk) leadsToLast(image *Image, address uint64) bool {
	last := w.frames[len(w.frames)-1]
	if last.Image != image {
		return true
	}
	target, isDirect := image.callTarget(address)
	_, distance, isKnown := image.Symbol(last.Address)
	return !isDirect || !isKnown || target == last.Address-distance
}

// byScanBelowFrame looks for calls that are inside of the one that the frame
// pointer tells of: functions without a frame of their own, such as wrappers of
// system calls, and libraries that were compiled without frame pointers.
func (w *walk) byScanBelowFrame() bool {
	fp, isFP := w.fp()
	if !isFP || w.frames[len(w.frames)-1].Method == ByFramePointer {
		return false
	}
	return w.byScan(int((fp-w.sp())/8), true)
}

// byScan takes the first word of the stack that can be a return address. If it is
// strict, a call that is seen to lead to another function than the last frame's
// is passed over: it has returned.
func (w *walk) byScan(words int, strict bool) bool {
	if w.scanned >= maxScanned {
		return false
	}
	for at := (w.sp() + 7) &^ 7; words > 0; at, words = at+8, min(words-1, scanWords) {
		word, ok := w.memory.Word(at)
		if !ok {
			return false
		}
		word = w.regs.arch.plainAddress(word)
		if !w.code.IsCode(word) || !w.code.IsCode(word-1) { // in front of what a call returns to is the call
			continue
		}
		confidence := Low
		if image, address := w.code.Image(word - 1); image != nil {
			if !image.isBehindCall(address + 1) {
				continue
			}
			confidence = Medium
			if !w.leadsToLast(image, address+1) {
				if strict {
					continue
				}
				confidence = Low
			}
		}
		w.regs = w.regs.only(append(w.regs.arch.preserved, w.regs.arch.fp))
		w.regs.set(w.regs.arch.ip, word)
		w.regs.set(w.regs.arch.sp, at+8)
		w.add(ByScan, confidence)
		return true
	}
	return false
}
