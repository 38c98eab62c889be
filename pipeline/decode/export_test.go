package decode

import (
	"context"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/memory"
)

// DecodeWithConsumer decodes an archive with one more consumer of pages for each
// image set; folder is that of the set.
func DecodeWithConsumer(in archive.Input, consumer func(folder string) memory.Consumer) *Result {
	ar := newArchiveReader(context.Background(), &Decoder{Limits: DefaultLimits(), programs: programs{}}, in)
	ar.consumers = append(ar.consumers[:len(ar.consumers):len(ar.consumers)], func(s *imageSet) memory.Consumer { return consumer(s.dir) })
	result := new(Result)
	ar.decodeArchive(result)
	ar.settle(result)
	return result
}
