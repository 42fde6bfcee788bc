"""A small HTTP server: it answers every GET with its port, and with 503 while there is a file `ill-PORT`."""

import os
import socket
import sys

port = int(sys.argv[1] if len(sys.argv) > 1 else os.environ["PORT"])
listening = socket.create_server(("127.0.0.1", port))
os.write(1, b"ready\n")
while True:
    client, _ = listening.accept()
    with client:
        client.settimeout(5)
        try:
            head = b""
            while b"\r\n\r\n" not in head and (more := client.recv(4096)):
                head += more
            status = b"503 Ill" if os.path.exists(f"ill-{port}") else b"200 OK"  # noqa: PTH110  pathlib is slow to load
            body = str(port).encode()
            length = b"Content-Length: %d\r\n" % len(body)
            client.sendall(b"HTTP/1.1 " + status + b"\r\n" + length + b"Connection: close\r\n\r\n" + body)
        except OSError:
            pass
