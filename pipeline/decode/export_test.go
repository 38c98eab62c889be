package decode

import (
	"context"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/memory"
)

// DecodeWithConsumer decodes an archive with one more consumer of pages for each
// image set; folder is that of the set.
func DecodeWithConsumer(in archive.Input, consumer func(folder string) memory.Consumer) *Result {
	w := newWalk(context.Background(), &Decoder{Limits: DefaultLimits(), programs: programs{}}, in)
	w.consumers = append(w.consumers[:len(w.consumers):len(w.consumers)], func(s *set) memory.Consumer { return consumer(s.dir) })
	result := new(Result)
	w.decodeArchive(result)
	w.settle(result)
	return result
}
