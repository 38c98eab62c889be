package decode

import (
	"bytes"
	"fmt"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// decodeAddressSpaces fills auxiliary_vectors and aio_rings.
func (s *set) decodeAddressSpaces() {
	for _, p := range s.tree() {
		pid := p.GetPid()
		space := s.spaces()[pid]
		s.auxiliaryRows(pid, space.GetMmSavedAuxv())
		for _, a := range space.GetAios() {
			row := schema.AIORing{PID: pid, ContextID: a.Id, NrRequests: a.NrReq, RingLength: a.RingLen}
			if v := s.mappingAt(pid, a.GetId()); v != nil {
				row.MappingKind = ptr(s.mappingKind(space, v, s.mappedFile(v)))
			}
			add(&s.notes, &s.rows.AIORings, row)
		}
	}
}

// maxAuxiliary bounds the rows of one vector; kernels give about 20 values.
const maxAuxiliary = 256

// auxiliaryRows fills auxiliary_vectors: pairs of type and value, up to the
// type 0.
func (s *set) auxiliaryRows(pid uint32, words []uint64) {
	for i := 0; i+1 < len(words) && words[i] != 0; i += 2 {
		if i/2 == maxAuxiliary {
			s.rowProblem("auxiliary_vectors", pidKey(pid), Warning, Inconsistent, fmt.Sprintf("more than %d values", maxAuxiliary))
			return
		}
		row := schema.AuxiliaryValue{PID: pid, Position: uint32(i / 2), Type: enum(&criu.AuxiliaryType, words[i]), Value: words[i+1]}
		if isAuxiliaryText(words[i]) && s.memory[pid] != nil {
			row.Text = s.memory[pid].textAt(words[i+1])
		}
		add(&s.notes, &s.rows.AuxiliaryVectors, row)
	}
}

func isAuxiliaryText(kind uint64) bool {
	return kind == criu.AuxPlatform || kind == criu.AuxBasePlatform || kind == criu.AuxExecFn
}

// auxiliaryText is memory that an auxiliary value points to.
type auxiliaryText struct {
	address uint64
	region  region
}

// maxText bounds a text of the auxiliary vector: PATH_MAX.
const maxText = 4096

// planTexts settles the memory that the texts of the auxiliary vector are in.
func (s *set) planTexts(m *memory, pieces []piece) []piece {
	m.texts = nil
	auxv := m.space.GetMmSavedAuxv()
	for i := 0; i+1 < min(len(auxv), 2*maxAuxiliary) && auxv[i] != 0; i += 2 {
		run := m.pagemap.Find(auxv[i+1])
		if !isAuxiliaryText(auxv[i]) || run == nil || len(m.texts) == 3 {
			continue
		}
		t := auxiliaryText{address: auxv[i+1]}
		t.region, pieces = s.planRegion(m, t.address, t.address+min(run.Address+run.Pages*m.pageSize-t.address, maxText), pieces)
		m.texts = append(m.texts, t)
	}
	return pieces
}

// textAt returns the text that ends in NUL at an address of an auxiliary value,
// NULL where the memory is not at hand.
func (m *memory) textAt(address uint64) schema.Text {
	for _, t := range m.texts {
		if t.address == address && t.region.status == regionOK {
			if end := bytes.IndexByte(t.region.data, 0); end >= 0 {
				return text(string(t.region.data[:end]))
			}
		}
	}
	return schema.Text{}
}
