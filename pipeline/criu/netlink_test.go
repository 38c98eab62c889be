package criu

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// FuzzNetlink walks messages and attributes of any bytes: none is walked over
// twice, and nothing is lost.
func FuzzNetlink(f *testing.F) {
	for _, name := range []string{"ifaddr.img", "route.img", "route6.img", "rule.img", "netns-ct.img", "netns-exp.img"} {
		data, err := os.ReadFile(filepath.Join("..", "decode", "testdata", "netlink", name))
		if err != nil {
			f.Fatal(err)
		}
		for _, kind := range []string{"ifaddr-1.img", "route-1.img", "rule-1.img", "netns-ct-1.img"} {
			f.Add(kind, data, false)
		}
	}
	f.Fuzz(func(t *testing.T, name string, data []byte, big bool) {
		kind, _, _ := KindOf(name)
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		r, err := NewNetlinkReader(kind, data, order, false)
		for err == nil {
			before := r.Offset()
			var m NetlinkMessage
			if m, err = r.Next(); err != nil {
				break
			}
			if r.Offset() < before+netlinkHeader || r.Offset() > uint64(len(data)) || m.Offset != before {
				t.Fatalf("from %d to %d of %d", before, r.Offset(), len(data))
			}
			walked := 0
			rest, _ := Attributes(r.Order, m.Body, func(a Attribute) {
				if len(a.Whole) < 4 || len(a.Value) > len(a.Whole)-4 {
					t.Fatalf("value of %d bytes in %d", len(a.Value), len(a.Whole))
				}
				walked += len(a.Whole)
			})
			if walked+len(rest) != len(m.Body) {
				t.Fatalf("%d and %d bytes of %d", walked, len(rest), len(m.Body))
			}
		}
	})
}
