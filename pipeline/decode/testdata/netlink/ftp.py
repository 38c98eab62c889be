# An FTP control connection over which the server announces a data port: the
# kernel's helper then expects a connection to it.
import socket, time
server = socket.create_server(("127.0.0.1", 21))
client = socket.create_connection(("127.0.0.1", 21))
accepted, _ = server.accept()
accepted.sendall(b"220 ready\r\n"); client.recv(100)
client.sendall(b"PASV\r\n"); accepted.recv(100)
accepted.sendall(b"227 Entering Passive Mode (127,0,0,1,195,80).\r\n"); client.recv(100)
time.sleep(60)
