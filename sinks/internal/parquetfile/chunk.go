package parquetfile

import "bytes"

// chunk is a column of a row group: where its parts are, and what they hold.
type chunk struct {
	leaf                    *leaf
	stats                   statistics
	codec                   int64
	encoding                int64 // of pages of values
	levels                  int64 // of values and NULLs
	begin                   int64 // of the dictionary, or of the first page where there is none
	at                      int64 // of the first page of values, with its header
	plainBytes, bytes       int64 // of all pages, with headers
	filterAt, filterBytes   int64
	offsetsAt, offsetsBytes int64 // the offset index
	boundsAt, boundsBytes   int64 // the column index
}

// pagePlace is where a page of values is, and what it holds.
type pagePlace struct {
	at, bytes int64 // with its header
	firstRow  int64
	stats     statistics
}

// describePages writes the indexes of a column's pages, and its statistics from theirs.
func (f *File) describePages(k *chunk, places []pagePlace) {
	for i := range places {
		k.stats.merge(&places[i].stats)
	}
	if k.stats.hasBounds || k.stats.values == 0 {
		k.boundsAt = int64(len(f.bounds))
		f.bounds = appendBounds(f.bounds, places)
		k.boundsBytes = int64(len(f.bounds)) - k.boundsAt
	}
	k.offsetsAt = int64(len(f.offsets))
	f.offsets = appendOffsets(f.offsets, places)
	k.offsetsBytes = int64(len(f.offsets)) - k.offsetsAt
	k.stats.least, k.stats.greatest = bytes.Clone(k.stats.least), bytes.Clone(k.stats.greatest) // not the column's
}

// appendBounds appends the column index. Source: ColumnIndex in parquet.thrift.
func appendBounds(out []byte, places []pagePlace) []byte {
	m := message{out: out}
	m.list(1, len(places), kindTrue)
	for i := range places {
		m.bool(places[i].stats.values == 0)
	}
	m.list(2, len(places), kindBinary)
	for i := range places {
		m.blob(places[i].stats.least)
	}
	m.list(3, len(places), kindBinary)
	for i := range places {
		m.blob(places[i].stats.greatest)
	}
	m.int32(4, orderOf(places))
	m.list(5, len(places), kindInt64)
	for i := range places {
		m.varint(places[i].stats.nulls)
	}
	m.stop()
	return m.out
}

// orderOf tells whether the bounds of pages go up or down from page to page. Pages
// without values have no say. Source: BoundaryOrder in parquet.thrift.
func orderOf(places []pagePlace) int64 {
	const unordered, ascending, descending = 0, 1, 2
	up, down := true, true
	var last *statistics
	for i := range places {
		s := &places[i].stats
		if s.values == 0 {
			continue
		}
		if last != nil {
			up = up && !s.less(s.least, last.least) && !s.less(s.greatest, last.greatest)
			down = down && !s.less(last.least, s.least) && !s.less(last.greatest, s.greatest)
		}
		last = s
	}
	switch {
	case up:
		return ascending
	case down:
		return descending
	}
	return unordered
}

// appendOffsets appends the offset index. Source: OffsetIndex in parquet.thrift.
func appendOffsets(out []byte, places []pagePlace) []byte {
	m := message{out: out}
	m.list(1, len(places), kindStruct)
	for i := range places {
		location := m.element()
		m.int64(1, places[i].at)
		m.int32(2, places[i].bytes)
		m.int64(3, places[i].firstRow)
		m.end(location)
	}
	m.stop()
	return m.out
}

// describeGroups returns the list of row groups. Source: RowGroup in parquet.thrift.
func describeGroups(groups []group) []byte {
	var m message
	m.elements(len(groups), kindStruct)
	for i, g := range groups {
		begun := m.element()
		m.list(1, len(g.chunks), kindStruct)
		var plain, packed int64
		for i := range g.chunks {
			g.chunks[i].describe(&m)
			plain, packed = plain+g.chunks[i].plainBytes, packed+g.chunks[i].bytes
		}
		m.int64(2, plain)
		m.int64(3, g.rows)
		m.int64(5, g.begin)
		m.int64(6, packed)
		m.int16(7, int64(i))
		m.end(begun)
	}
	return m.out
}

// describe writes a column's metadata. Source: ColumnChunk and ColumnMetaData in
// parquet.thrift.
func (k *chunk) describe(m *message) {
	column := m.element()
	m.int64(2, 0) // the metadata is here only
	meta := m.begin(3)
	m.int32(1, int64(k.leaf.physical))
	encodings := []int64{k.encoding, encodingRLE}
	if k.encoding == encodingDictionary {
		encodings = []int64{encodingPlain, encodingRLE, encodingDictionary}
	}
	m.list(2, len(encodings), kindInt32)
	for _, e := range encodings {
		m.varint(e)
	}
	m.list(3, len(k.leaf.path), kindBinary)
	for _, name := range k.leaf.path {
		m.blob(name)
	}
	m.int32(4, k.codec)
	m.int64(5, k.levels)
	m.int64(6, k.plainBytes)
	m.int64(7, k.bytes)
	m.int64(9, k.at)
	if k.encoding == encodingDictionary {
		m.int64(11, k.begin)
	}
	stats := m.begin(12)
	m.int64(3, k.stats.nulls)
	if k.stats.hasBounds {
		m.binary(5, k.stats.greatest)
		m.binary(6, k.stats.least)
	}
	m.end(stats)
	if k.filterBytes > 0 {
		m.int64(14, k.filterAt)
		m.int32(15, k.filterBytes)
	}
	m.end(meta)
	m.int64(4, k.offsetsAt)
	m.int32(5, k.offsetsBytes)
	if k.boundsBytes > 0 {
		m.int64(6, k.boundsAt)
		m.int32(7, k.boundsBytes)
	}
	m.end(column)
}
