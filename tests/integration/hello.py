# SPDX-License-Identifier: Apache-2.0
"""ClientHellos as bytes, and a server that only listens to them."""

import contextlib
import socket
import ssl
import subprocess
import threading


def python_hello(name="cut.test"):
    """What Python's own TLS begins with."""
    context = ssl.create_default_context()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname=name)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def record_of(stream):
    """The first TLS record that comes."""
    data = b""
    while len(data) < 5 or len(data) < 5 + int.from_bytes(data[3:5], "big"):
        piece = stream.recv(65536)
        assert piece, data
        data += piece
    return data


def openssl_hello(root, *options):
    """What the openssl of `root` begins with."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        port = listener.getsockname()[1]
        command = root.command("openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options)
        client = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        stream, _ = listener.accept()
        with stream:
            hello = record_of(stream)
        client.wait(20)
    return hello


class Listener:
    """Accepts connections one after the other and reads each to its end."""

    def __init__(self, host):
        self.socket = socket.create_server((host, 0))
        self.port = self.socket.getsockname()[1]
        self.received = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                stream, _ = self.socket.accept()
            except OSError:
                return
            with stream, contextlib.suppress(ConnectionResetError):
                data = b""
                while piece := stream.recv(65536):
                    data += piece
                self.received.append(data)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(10)


def pieces(data, size):
    """(offset, bytes) of a stream cut into pieces."""
    return [(at, data[at : at + size]) for at in range(0, len(data), size)]
