package decode

import (
	"debug/elf"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/content"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// newSniffer returns the decoder's sniffer, for the next file.
func (d *Decoder) newSniffer() *content.Sniffer {
	d.sniffer.Reset()
	return &d.sniffer
}

// copyBuffer is what content passes through on its way to a digest.
func (d *Decoder) copyBuffer() []byte {
	if d.buffer == nil {
		d.buffer = make([]byte, 32<<10)
	}
	return d.buffer
}

// contentOf returns the columns of what the bytes of a file tell. Files of which they
// tell only the kind and format share them.
func (d *Decoder) contentOf(facts content.Facts) *schema.FileContent {
	isPlain := facts == content.Facts{Kind: facts.Kind, Format: facts.Format}
	if known := d.contents[facts]; isPlain && known != nil {
		return known
	}
	columns := contentColumns(facts)
	if isPlain {
		if d.contents == nil {
			d.contents = map[content.Facts]*schema.FileContent{}
		}
		d.contents[facts] = &columns
	}
	return &columns
}

// contentColumns makes the columns of what the bytes of a file tell.
func contentColumns(f content.Facts) schema.FileContent {
	columns := schema.FileContent{ContentKind: &f.Kind, ContentFormat: nonEmpty(f.Format)}
	if f.Kind == content.Script {
		columns.ScriptInterpreter, columns.ScriptArguments = text(f.Interpreter), nonEmptyText(f.Arguments)
	}
	e := f.ELF
	if e == nil {
		return columns
	}
	columns.ELFClass, columns.ELFByteOrder = ptr("ELF32"), ptr("little")
	if e.Class == elf.ELFCLASS64 {
		columns.ELFClass = ptr("ELF64")
	}
	if e.Data == elf.ELFDATA2MSB {
		columns.ELFByteOrder = ptr("big")
	}
	columns.ELFType, columns.ELFMachine = enum(&criu.ELFType, uint32(e.Type)), enum(&criu.ELFMachine, uint32(e.Machine))
	columns.ELFInterpreter, columns.ELFStripped = optionalText(e.Interpreter), e.Stripped
	if e.BuildID != nil {
		columns.ELFBuildID = ptr(hex.EncodeToString(e.BuildID))
	}
	return columns
}

// capabilityColumns decodes the file capabilities of an entry.
func (c *container) capabilityColumns(f *capturedFile, m *archive.Member) {
	value, ok := m.Xattrs[content.CapabilityXattr]
	if !ok {
		return
	}
	captured, err := content.ReadFileCapabilities(value)
	if err != nil {
		table, key := "filesystem_entries", fmt.Sprintf("member=%s,position=%d", plain(bytesOf(f.in.member)), f.position)
		c.problem(schema.Problem{Member: f.in.member, TableName: &table, RowKey: &key, Severity: Warning, Code: Malformed,
			Message: fmt.Sprintf("file capabilities: %v", err)})
		return
	}
	row := f.rareColumns()
	row.FileCapabilities, row.FileCapEffective, row.FileCapRootUID, row.FileCapVersion = ptr(capabilityText(captured)), &captured.Effective, captured.RootUID, &captured.Version
	row.FileCapPermitted, row.FileCapInheritable = flags(&criu.Capabilities, captured.Permitted), flags(&criu.Capabilities, captured.Inheritable)
}

// capabilityText writes file capabilities as getcap does, capabilities with
// the same rights together and none abbreviated.
func capabilityText(c *content.FileCapabilities) string {
	effective := ""
	if c.Effective {
		effective = "e"
	}
	var clauses []string
	for _, group := range []struct {
		bits   uint64
		rights string
	}{{c.Permitted & c.Inheritable, "ip"}, {c.Permitted &^ c.Inheritable, "p"}, {c.Inheritable &^ c.Permitted, "i"}} {
		if group.bits != 0 {
			clauses = append(clauses, strings.ToLower(strings.Join(criu.Capabilities.List(group.bits), ","))+"="+effective+group.rights)
		}
	}
	return strings.Join(clauses, " ")
}
