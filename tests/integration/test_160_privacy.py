# SPDX-License-Identifier: Apache-2.0
"""No payload is kept: secrets that pass through connections are nowhere afterwards, neither in memory
nor in rings, maps, spool or store. What is searched is proven to be searched: words that are recorded
are found in each of these places, and a secret is found in the arena as long as nobody parses it."""

import base64
import os
import socket
import subprocess
import threading
import uuid

import remains
from daemons import wait_until
from hello import python_hello
from traffic import conserved

FINAL = "SELECT * FROM flows WHERE yagura_final = 1 AND source_port = ?"
KEXINIT = b"\0\0\0\x1c\x0a\x14" + bytes(22)  # RFC 4253 7.1, as short as they get and broken after


def secret():
    return f"{uuid.uuid4().hex}{uuid.uuid4().hex}"


class Peer:
    """Reads what comes and answers each connection with the next of some replies."""

    def __init__(self, *replies):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.replies = list(replies)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with self.socket:
            stream, _ = self.socket.accept()
            with stream:
                for reply in self.replies:
                    if stream.recv(65536):
                        stream.sendall(reply)
                while stream.recv(65536):
                    pass


def say(peer, *parts):
    """One connection that says these, each when the answer to the one before has come; its port."""
    with socket.create_connection(("127.0.0.1", peer.port)) as stream:
        stream.settimeout(10)
        for number, part in enumerate(parts):
            stream.sendall(part)
            if number < len(peer.replies):
                assert stream.recv(65536)
        port = stream.getsockname()[1]
    peer.thread.join(10)
    return port


def http_request(words):
    return (f"POST /{words['uri']} HTTP/1.1\r\nHost: canary.test\r\nCookie: session={words['cookie']}\r\n"
            f"Authorization: Bearer {words['authorization']}\r\nX-Key: {words['header']}\r\n"
            f"Content-Length: 999\r\n\r\n{words['body']}").encode()


def http_answer(words):
    return (f"HTTP/1.1 200 OK\r\nSet-Cookie: id={words['set_cookie']}\r\n"
            f"Content-Length: 64\r\n\r\n{words['answer']}").encode()


def converse(words):
    """Every conversation; the source ports of their flows."""
    plain = base64.b64encode(words["smtp"].encode())
    record = b"\x17\x03\x03\x00\x40" + words["after_hello"].encode()
    yield say(Peer(http_answer(words)), http_request(words), words["later_body"].encode())
    yield say(Peer(), http_request(words)[:60], words["long_header"].encode() * 400)
    yield say(Peer(b"220 mail\r\n250 ok\r\n", b"220 go on\r\n"), b"EHLO canary\r\n",
              b"AUTH PLAIN " + plain + words["smtp"].encode() + b"\r\nSTARTTLS\r\n", python_hello("canary.test"))
    yield say(Peer(b"\x16\x03\x03\x00\x04"), python_hello("canary.test") + record,
              words["after_handshake"].encode())
    yield say(Peer(b"SSH-2.0-canary\r\n" + KEXINIT), b"SSH-2.0-canary\r\n" + KEXINIT + words["ssh"].encode(),
              words["ssh_later"].encode())
    yield say(Peer(words["unknown_answer"].encode()), words["unknown"].encode())
    yield say(Peer(), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + words["broken_hello"].encode())
    yield say(Peer(), b"CONNECT canary.test:443 HTTP/1.1\r\n\r\n" + words["tunnelled"].encode() * 4)


def datagrams(words):
    """A TXT record and bytes of nobody's protocol."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(server.getsockname())
            question = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\6canary\4test\0\0\x10\0\1"
            client.send(question)
            text = words["dns_text"].encode()
            answer = b"\xc0\x0c\0\x10\0\1\0\0\0\x3c" + bytes([0, len(text) + 1, len(text)]) + text
            _, address = server.recvfrom(4096)
            server.sendto(b"\x12\x34\x81\x80\0\1\0\1\0\0\0\0" + question[12:] + answer, address)
            client.recv(4096)
            client.send(words["datagram"].encode())
            server.recvfrom(4096)
            return client.getsockname()[1]


NAMES = ("uri", "cookie", "authorization", "header", "body", "set_cookie", "answer", "later_body", "long_header",
         "smtp", "after_hello", "after_handshake", "ssh", "ssh_later", "unknown", "unknown_answer",
         "broken_hello", "tunnelled", "dns_text", "datagram")


def is_quiet(sensor):
    status = sensor.ask_status()
    return conserved(status) and all(terms["in_memory"] == 0 for terms in status["conservation"].values())


def test_no_payload_stays(stopped_pair):
    """The collector comes last, so that the spool holds what leaves the host."""
    collector, sensor = stopped_pair.collector, stopped_pair.sensor
    sensor.start(state=None)
    words = {name: secret() for name in NAMES}
    ports = list(converse(words)) + [datagrams(words)]
    wait_until(lambda: is_quiet(sensor), 30, "everything is spooled")
    kept = remains.found(words.values(), remains.places(sensor, collector))
    collector.start()
    for port in ports:
        assert collector.wait_rows(1, FINAL, port, seconds=120)
    again = remains.found(words.values(), remains.places(sensor, collector))
    for name, word in words.items():
        assert not kept[word] and not again[word], (name, kept[word], again[word])


def test_what_is_recorded_is_found(stopped_pair):
    """The search looks into worker, rings, spool and store: an argument is in each of them."""
    collector, sensor = stopped_pair.collector, stopped_pair.sensor
    sensor.start(state=None)
    word = secret()
    subprocess.run(["/bin/true", word], check=True, timeout=20)
    wait_until(lambda: is_quiet(sensor), 30, "everything is spooled")
    kept = remains.found([word], remains.places(sensor, collector))[word]
    worker = f"memory of {sensor.worker_pid()}"
    for place in (worker, "ring", f"file {sensor.directory}"):
        assert any(name.startswith(place) for name in kept), (place, kept)
    collector.start()
    collector.wait_row("SELECT * FROM execs WHERE process_args LIKE ?", f"%{word}%")
    again = remains.found([word], remains.places(sensor, collector))[word]
    assert any(name.startswith(f"file {collector.directory}") for name in again), again


def test_what_waits_is_found_and_then_wiped(pair):
    """A request's headers lie in the arena until the worker has parsed them; not longer."""
    words = {name: secret() for name in NAMES}
    with pair.sensor.stopped_worker():
        port = say(Peer(http_answer(words)), http_request(words))
        waiting = remains.found([words["cookie"], words["body"]], remains.kernel_of(pair.sensor.process.pid))
    assert any(name.startswith("mmapable") for name in waiting[words["cookie"]]), waiting
    assert not waiting[words["body"]], "beyond the header block"
    assert pair.collector.wait_rows(1, FINAL, port)
    wait_until(lambda: is_quiet(pair.sensor), 30, "everything is stored")
    kept = remains.found(words.values(), remains.places(pair.sensor, pair.collector))
    assert not any(kept.values()), kept
