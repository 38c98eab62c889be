package extract

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// Payload is a kind of what waits to be read.
type Payload string

// payloadTables are the tables that have each kind: pipes and FIFOs; unix, TCP and
// other sockets; what other descriptors hold, terminals and BPF maps.
var payloadTables = map[Payload][]string{
	"pipe":   {"pipe_buffers"},
	"socket": {"tcp_streams", "socket_queues"},
	"fd":     {"ttys", "bpf_maps"},
}

// ParsePayload reads the name of a kind.
func ParsePayload(text string) (Payload, error) {
	if _, ok := payloadTables[Payload(text)]; !ok {
		return "", fmt.Errorf("%q: want one of %s", text, strings.Join(PayloadNames(), ", "))
	}
	return Payload(text), nil
}

// PayloadNames lists the kinds.
func PayloadNames() (names []string) {
	for _, p := range slices.Sorted(maps.Keys(payloadTables)) {
		names = append(names, string(p))
	}
	return names
}

func (p Payload) selector() string { return "--payload " + string(p) }

// payloads yields what waits to be read, as the rows have it.
func (c *checkpoint) payloads(yield func(*item, error) bool) bool {
	add := func(p Payload, origin, key string, path schema.Text, size uint64, data []byte) bool {
		if len(data) == 0 {
			return true
		}
		i := c.item(origin, p.selector())
		i.Key = key
		if path, ok := exact(path); ok {
			i.Path, i.PathBase64 = shown(path)
		}
		if uint64(len(data)) < size {
			i.absent(size-uint64(len(data)), "the image does not have all of it")
		}
		if i.content = c.session.stage(); i.content == nil {
			return yield(nil, c.session.err)
		}
		i.content.Write(data) //nolint:errcheck // the session has it
		if c.session.err != nil {
			return yield(nil, c.session.err)
		}
		return yield(i, nil)
	}
	wants := func(p Payload) bool { return slices.Contains(c.session.opts.Selection.Payloads, p) }
	if wants("pipe") {
		for _, r := range c.rows.PipeBuffers {
			if !add("pipe", r.Kind, fmt.Sprintf("pipe_id=%d", r.PipeID), r.Path, uint64(r.Size), r.Data) {
				return false
			}
		}
	}
	if wants("socket") {
		for _, r := range c.rows.TCPStreams {
			key := fmt.Sprintf("inode=%d", r.Inode)
			if !add("socket", "tcp_receive_queue", key, schema.Text{}, uint64(r.ReceiveQueueBytes), r.ReceiveData) ||
				!add("socket", "tcp_send_queue", key, schema.Text{}, uint64(r.SendQueueBytes), r.SendData) {
				return false
			}
		}
		for _, r := range c.rows.SocketQueues {
			if !add("socket", "socket_queue", fmt.Sprintf("file_id=%d,queue_position=%d", r.FileID, r.QueuePosition), schema.Text{}, uint64(r.Size), r.Data) {
				return false
			}
		}
	}
	if wants("fd") {
		for _, r := range c.rows.TTYs {
			if !add("fd", "tty", fmt.Sprintf("tty_id=%d", r.TTYID), r.Path, uint64(len(r.Data)), r.Data) {
				return false
			}
		}
		for _, r := range c.rows.BPFMaps {
			if !add("fd", "bpf_map", fmt.Sprintf("map_id=%d", r.MapID), schema.Text{}, uint64(len(r.Data)), r.Data) {
				return false
			}
		}
	}
	return true
}
