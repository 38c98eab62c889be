# Prints the messages of a ctnetlink dump as they come, as CRIU's netns-ct and
# netns-exp images hold them. Argument: subsystem, 1 connections, 2 expectations.
import socket, struct, sys
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)  # NETLINK_NETFILTER
s.bind((0, 0))
s.send(struct.pack("=IHHIIBBH", 20, int(sys.argv[1]) << 8 | 1, 0x301, 1, 0, 0, 0, 0))
done = False
while not done:
    data = s.recv(1 << 20)
    while data:
        size, kind = struct.unpack_from("=IH", data)
        if kind in (2, 3):
            done = True
            break
        sys.stdout.buffer.write(data[:size])
        data = data[(size + 3) & ~3:]
