package decode_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// tcpStates are the states by their numbers. Source: net/tcp_states.h.
var tcpStates = map[string]string{
	"01": "ESTABLISHED", "02": "SYN_SENT", "03": "SYN_RECV", "04": "FIN_WAIT1", "05": "FIN_WAIT2", "06": "TIME_WAIT",
	"07": "CLOSE", "08": "CLOSE_WAIT", "09": "LAST_ACK", "0A": "LISTEN", "0B": "CLOSING",
}

// procAddress parses an address of /proc/net/tcp: words in the host's order.
func procAddress(s *subject, text string) (address string, port uint32) {
	words, hexPort, _ := strings.Cut(text, ":")
	var b []byte
	for i := 0; i+8 <= len(words); i += 8 {
		b = binary.LittleEndian.AppendUint32(b, uint32(hexadecimal(s.t, words[i:i+8])))
	}
	a, _ := netip.AddrFromSlice(b)
	return a.String(), uint32(hexadecimal(s.t, hexPort))
}

// socketsByInode returns the rows of sockets by their inode.
func (s *subject) socketsByInode() map[string]*schema.Socket {
	rows := map[string]*schema.Socket{}
	for i := range s.rows.Sockets {
		if r := &s.rows.Sockets[i]; r.Inode != nil {
			rows[fmt.Sprint(*r.Inode)] = r
		}
	}
	return rows
}

// checkInetSockets compares sockets with /proc/net/tcp, tcp6 and udp, where
// ours are found by their inodes: a pod's sockets stand there together.
func checkInetSockets(s *subject) {
	text, ok := s.truth.file("proc-net-tcp.txt")
	if !ok {
		return
	}
	rows := s.socketsByInode()
	held := s.heldSockets()
	protocol := ""
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) > 0 && f[0] == "sl" {
			protocol = "tcp"
			if slices.Contains(f, "drops") {
				protocol = "udp"
			}
			continue
		}
		if len(f) < 10 {
			continue
		}
		inode := f[9]
		if held[inode] == nil {
			continue
		}
		key := protocol + " socket " + inode
		r := rows[inode]
		if r == nil {
			s.differ(0, "sockets", key, "no row", line)
			continue
		}
		address, port := procAddress(s, f[1])
		known(s, 0, "sockets.local_address", key, r.LocalAddress.Text, address)
		known(s, 0, "sockets.local_port", key, r.LocalPort, port)
		address, port = procAddress(s, f[2])
		known(s, 0, "sockets.remote_address", key, r.RemoteAddress.Text, address)
		known(s, 0, "sockets.remote_port", key, r.RemotePort, port)
		known(s, 0, "sockets.state", key, r.State.Name, tcpStates[f[3]])
		known(s, 0, "sockets.protocol", key, r.Protocol.Name, protocol)
		sameList(s, 0, "sockets.pids", key, r.PIDs, held[inode])
		if protocol == "tcp" && f[3] != "0A" {
			s.sameQueues(key, r, f[4])
		}
	}
	for inode, pids := range held {
		if rows[inode] == nil {
			s.differ(0, "sockets", "socket "+inode, "no row", fmt.Sprintf("held by %v", pids))
		}
	}
}

// sameQueues compares bytes waiting in a connection: those to be read exactly.
// Where the other end has shut down, the kernel counts that as a byte.
func (s *subject) sameQueues(key string, r *schema.Socket, queues string) {
	for i := range s.rows.TCPStreams {
		stream := &s.rows.TCPStreams[i]
		if stream.Inode != *r.Inode {
			continue
		}
		_, waiting, _ := strings.Cut(queues, ":")
		want := uint32(hexadecimal(s.t, waiting))
		if r.State.Name != nil && *r.State.Name == "CLOSE_WAIT" {
			want--
		}
		same(s, 0, "tcp_streams.receive_queue_bytes", key, stream.ReceiveQueueBytes, want)
		return
	}
	s.differ(0, "tcp_streams", key, "no row", "one")
}

// heldSockets returns who holds each socket, by its inode, pids ascending.
func (s *subject) heldSockets() map[string][]uint32 {
	held := map[string][]uint32{}
	s.both(func(p *groundProcess, _ *schema.Process) {
		for _, target := range p.FDs {
			var inode string
			if n, _ := fmt.Sscanf(target, "socket:[%s", &inode); n == 1 {
				inode = strings.TrimSuffix(inode, "]")
				if !slices.Contains(held[inode], p.PID) {
					held[inode] = append(held[inode], p.PID)
				}
			}
		}
	})
	for _, pids := range held {
		slices.Sort(pids)
	}
	return held
}

// unixTypes are socket types by their numbers. Source: linux/net.h.
var unixTypes = map[string]string{"0001": "stream", "0002": "dgram", "0005": "seqpacket"}

// checkUnixSockets compares sockets with /proc/net/unix and ss -x.
func checkUnixSockets(s *subject) {
	text, ok := s.truth.file("proc-net-unix.txt")
	if !ok {
		return
	}
	const listens = "00010000" // __SO_ACCEPTCON, linux/net.h
	rows, held := s.socketsByInode(), s.heldSockets()
	peers, named := s.unixPeers()
	for line := range strings.Lines(text) {
		f := strings.SplitN(strings.TrimRight(line, "\n"), " ", 8)
		if len(f) < 7 || f[0] == "Num" || held[f[6]] == nil {
			continue
		}
		inode := f[6]
		key := "unix socket " + inode
		r := rows[inode]
		if r == nil {
			s.differ(0, "sockets", key, "no row", line)
			continue
		}
		same(s, 0, "sockets.family", key, r.Family, "unix")
		known(s, 0, "sockets.type", key, r.Type.Name, unixTypes[f[4]])
		name := null
		if len(f) == 8 {
			name = f[7]
		}
		same(s, 0, "sockets.name", key, exact(r.Name), name)
		switch {
		case f[3] == listens:
			known(s, 0, "sockets.state", key, r.State.Name, "LISTEN")
		case f[5] == "03" && *r.Type.Name != "dgram":
			known(s, 0, "sockets.state", key, r.State.Name, "ESTABLISHED")
		}
		sameList(s, 0, "sockets.pids", key, r.PIDs, held[inode])
		if named[inode] {
			same(s, 0, "sockets.peer_inode", key, orZero(r.PeerInode), peers[inode])
		}
	}
}

// unixPeers returns the other ends that ss -x shows, 0 for none.
func (s *subject) unixPeers() (peers map[string]uint32, named map[string]bool) {
	peers, named = map[string]uint32{}, map[string]bool{}
	text, _ := s.truth.file("ss-xanp.txt")
	for line := range strings.Lines(text) {
		before, _, found := strings.Cut(line, " users:")
		f := strings.Fields(before)
		if !found || len(f) < 8 || !strings.HasPrefix(f[0], "u_") {
			continue
		}
		inode := f[len(f)-3]
		peers[inode], named[inode] = atoi[uint32](s.t, f[len(f)-1]), true
	}
	return peers, named
}

// checkSysV compares SysV shared memory with ipcs.
func checkSysV(s *subject) {
	text, ok := s.truth.file("ipcs-detail.txt")
	if !ok || s.isMemoryOnly() {
		return
	}
	rows := map[string]schema.SharedMemory{}
	for _, r := range s.rows.SharedMemory {
		if r.Kind == "sysv" {
			rows[fmt.Sprint(r.ShmemID)] = r
		}
	}
	uids, gids := s.idMaps()
	isSegment := false
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) > 1 && f[0] == "key" {
			isSegment = f[1] == "shmid"
			continue
		}
		if !isSegment || len(f) < 10 {
			continue
		}
		r, ok := rows[f[1]]
		if !ok {
			s.differ(0, "shared_memory", "SysV segment "+f[1], "no row", line)
			continue
		}
		delete(rows, f[1])
		key := "SysV segment " + f[1]
		known(s, 0, "shared_memory.size_bytes", key, r.SizeBytes, atoi[uint64](s.t, f[3]))
		known(s, 0, "shared_memory.sysv_key", key, r.SysVKey, atoi[uint32](s.t, f[0]))
		known(s, 0, "shared_memory.mode", key, r.Mode, uint32(fromOctal(s.t, f[2])))
		known(s, 0, "shared_memory.uid", key, r.UID, inside(uids, numbers(s, f[7]))[0])
		known(s, 0, "shared_memory.gid", key, r.GID, inside(gids, numbers(s, f[8]))[0])
	}
	for id := range rows {
		s.differ(0, "shared_memory", "SysV segment "+id, "a row", "no such segment")
	}
}
