"""
A peer as beginners' tutorials on sockets have it: it listens, and answers each connection in a thread of its own. A
message is whatever one recv(1024) gives; nothing ends it.

Usage: tutorial_peer.py serve VALUE...             says its port, then its values after each connection
       tutorial_peer.py ask HOST PORT VALUE...     says what the other peer answers
"""

import json
import socket
import sys
import threading


class Peer:
    def __init__(self, values):
        self.values = list(values)
        self.lock = threading.Lock()

    def listen(self, host="127.0.0.1", port=0):
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, port))
        self.listener.listen(5)
        return self.listener.getsockname()[1]

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection):
        while True:
            data = connection.recv(1024)
            if not data:
                break
            message = data.decode()
            if message == "get_data":
                connection.sendall(",".join(self.values).encode())
            elif message.startswith("update_data"):
                with self.lock:
                    for value in message.split(",")[1:]:
                        if value not in self.values:
                            self.values.append(value)
                connection.sendall(b"update_ack")
            elif message == "quit":
                break
        connection.close()
        print(json.dumps(self.values), flush=True)

    def connect(self, host, port):
        self.connection = socket.create_connection((host, port), timeout=30)

    def request(self, message):
        self.connection.sendall(message.encode())
        return self.connection.recv(1024).decode()

    def pull(self):
        return self.request("get_data")

    def push(self):
        return self.request("update_data," + ",".join(self.values))

    def quit(self):
        # The answer is the end of the connection: no bytes.
        return self.request("quit")


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        peer = Peer(sys.argv[2:])
        print(peer.listen(), flush=True)
        peer.accept()
    else:
        peer = Peer(sys.argv[4:])
        peer.connect(sys.argv[2], int(sys.argv[3]))
        print(json.dumps([peer.pull(), peer.push(), peer.pull(), peer.quit()]))
