package decode

import (
	"fmt"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// decodeAuxiliaryVectors fills auxiliary_vectors.
func (s *imageSet) decodeAuxiliaryVectors() {
	for _, p := range s.tree() {
		s.auxiliaryRows(p.GetPid(), s.spaces()[p.GetPid()].GetMmSavedAuxv())
	}
}

// decodeAIORings fills aio_rings.
func (s *imageSet) decodeAIORings() {
	for _, p := range s.tree() {
		pid := p.GetPid()
		for _, a := range s.spaces()[pid].GetAios() {
			row := schema.AIORing{PID: pid, ContextID: a.Id, NrRequests: a.NrReq, RingLength: a.RingLen}
			if v := s.mappingAt(pid, a.GetId()); v != nil {
				row.MappingKind = ptr(s.mappingKind(v, s.mappedFile(v)))
			}
			add(&s.notes, &s.rows.AIORings, row)
		}
	}
}

// auxiliaryRows fills auxiliary_vectors: pairs of type and value, up to the
// type 0.
func (s *imageSet) auxiliaryRows(pid uint32, words []uint64) {
	for i := 0; i+1 < len(words) && words[i] != 0; i += 2 {
		if i/2 == memory.MaxAuxiliary {
			s.rowProblem("auxiliary_vectors", pidKey(pid), Warning, Inconsistent, fmt.Sprintf("more than %d values", memory.MaxAuxiliary))
			return
		}
		row := schema.AuxiliaryValue{PID: pid, Position: uint32(i / 2), Type: enum(&criu.AuxiliaryType, words[i]), Value: words[i+1]}
		if memory.IsAuxiliaryText(words[i]) {
			if value, ok := s.texts.Of(s.memory.Process(pid)).Auxiliary(words[i+1]); ok {
				row.Text = text(value)
			}
		}
		add(&s.notes, &s.rows.AuxiliaryVectors, row)
	}
}
