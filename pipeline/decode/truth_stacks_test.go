package decode_test

import (
	"archive/tar"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ckexport/ckexport/schema"
)

// TestStackFrames: each thread that has registers has frames from 0 on, the first of
// which they tell; frames go up the stack, and each is in code.
func TestStackFrames(t *testing.T) {
	for _, file := range append(archivesBelow(t, sharedArchives), archivesBelow(t, ownArchives)...) {
		for _, rows := range decodeMemory(t, file).Checkpoints {
			var threads, walked int
			last := map[uint32]schema.StackFrame{}
			for _, f := range rows.StackFrames {
				before, isThere := last[f.TID]
				last[f.TID] = f
				switch {
				case f.Frame == 0:
					threads++
				case !isThere || f.Frame != before.Frame+1:
					t.Fatalf("%s: tid %d: frame %d follows %d", file, f.TID, f.Frame, before.Frame)
				case f.StackPointer <= before.StackPointer:
					t.Errorf("%s: tid %d: frame %d is at %#x, below %#x", file, f.TID, f.Frame, f.StackPointer, before.StackPointer)
				case f.Perms == nil || (*f.Perms)[2] != 'x':
					t.Errorf("%s: tid %d: frame %d at %#x is not in code", file, f.TID, f.Frame, f.InstructionPointer)
				}
				if f.Frame == 1 {
					walked++
				}
			}
			for _, r := range rows.Threads {
				f, ok := firstFrame(rows, r.TID)
				if !ok || f.InstructionPointer != *r.InstructionPointer || f.StackPointer != *r.StackPointer {
					t.Errorf("%s: tid %d: frame 0 is %#x, %#x, not as its registers %#x, %#x", file, r.TID, f.InstructionPointer, f.StackPointer, *r.InstructionPointer, *r.StackPointer)
				}
			}
			if threads != len(rows.Threads) || threads > 0 && walked == 0 {
				t.Errorf("%s: %d of %d threads have frames, %d more than one", file, threads, len(rows.Threads), walked)
			}
		}
	}
}

func firstFrame(rows *schema.Rows, tid uint32) (schema.StackFrame, bool) {
	for _, f := range rows.StackFrames {
		if f.TID == tid && f.Frame == 0 {
			return f, true
		}
	}
	return schema.StackFrame{}, false
}

// TestSymbols puts a program where a real archive's process has its own: the
// function that stands at the offset of the instruction pointer is named, wherever
// the archive holds the file.
func TestSymbols(t *testing.T) {
	rows := decodeMemory(t, own("rootfs-changes.tar.gz")).Checkpoints[0]
	first, _ := firstFrame(rows, 1)
	if first.Path.Text == nil || first.FileOffset == nil {
		t.Fatal("frame 0 is in no file")
	}
	folder := t.TempDir()
	source, program := filepath.Join(folder, "program.c"), filepath.Join(folder, "program")
	if err := os.WriteFile(source, []byte(`asm(".text\n.globl waits\n.type waits,@function\nwaits: .fill 0x400000,1,0x90\n.size waits,.-waits"); int main(void) { return 0; }`), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", source, "-o", program).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	members := readTar(t, own("rootfs-changes.tar.gz"))
	for i, m := range members {
		if m.header.Name == "rootfs-diff.tar" {
			files := append(membersOf(t, m.data), tarMember{tar.Header{Typeflag: tar.TypeReg, Name: (*first.Path.Text)[1:], Mode: 0o755}, data})
			members[i].data = tarOf(t, files)
		}
	}
	rows = decodeMemory(t, writeFile(t, "planted.tar", tarOf(t, members))).Checkpoints[0]
	got, _ := firstFrame(rows, 1)
	if got.Symbol.Text == nil || *got.Symbol.Text != "waits" || got.SymbolOffset == nil || *got.SymbolOffset == 0 || *got.SymbolOffset >= *got.FileOffset {
		t.Errorf("frame 0 is %+v", got)
	}
}
