# SPDX-License-Identifier: Apache-2.0
"""A sensor in a few lines, to say to a collector what no real one would: TLS, frames, batches."""

import socket
import ssl
import struct
import subprocess
import zlib

from daemons import field, receive_frame, send_frame, split_field, take_varint, varint

WHEN_MS = 1_795_395_723_456
HELLO_ACK, ACK, FAILURE = 2, 4, 5


def number(tag, value):
    return varint(tag << 3) + varint(value)


def fixed64(tag, value):
    return varint(tag << 3 | 1) + struct.pack("<Q", value)


def column(tag, values):
    return field(tag, b"".join(varint(value) for value in values))


def zigzag(value):
    return value << 1 if value >= 0 else (-value << 1) - 1


def execs(first_pid, count, args=b"/bin/true\0"):
    """A telemetry.Batch of one epoch of its own as its two sections, tables and rows, not deflated: execs of
    so many processes, one text for the arguments of all."""
    tables = number(1, 4) + field(3, bytes(range(16))) + number(4, WHEN_MS) + number(5, WHEN_MS)
    tables += field(7, b"/bin/true") + field(7, args)
    tables += field(12, column(1, [1]) + column(2, [1]) + column(3, [1]))  # one image, of root
    tables += field(13, column(1, [1]) + column(2, [zigzag(2)]))  # one command
    pids = [zigzag(first_pid)] + [zigzag(1)] * (count - 1)
    tables += field(14, column(1, pids) + column(4, [1] * count) + column(5, [1] * count))
    return tables, field(22, column(1, [zigzag(1)] * count))


def deflate(sections):
    """The payload, and how long it was before."""
    return b"".join(zlib.compress(section, 6) for section in sections), sum(map(len, sections))


def request(pki, name, common_name=None):
    """A key and what it asks to be signed, for any number of certificates."""
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", pki / f"{name}.key", "-out", pki / f"{name}.csr",
                    "-subj", f"/CN={common_name or name}"],
                   check=True, capture_output=True, timeout=30)


def issue(pki, name, usage, alt_names, asker, valid=("-days", "2")):
    """A certificate of the throw-away authority for the key of `asker`; alt_names may be empty."""
    lines = ["basicConstraints=critical,CA:FALSE", f"extendedKeyUsage={usage}"]
    lines += [f"subjectAltName={alt_names}"] if alt_names else []
    (pki / f"{name}.ext").write_text("\n".join(lines), encoding="ascii")
    subprocess.run(["openssl", "x509", "-req", "-in", pki / f"{asker}.csr", "-CA", pki / "ca.crt", "-CAkey",
                    pki / "ca.key", "-out", pki / f"{name}.crt", "-extfile", pki / f"{name}.ext",
                    *valid], check=True, capture_output=True, timeout=30)


class WireSensor:
    """One connection with a sensor's certificate."""

    def __init__(self, pki, port, uuid, name="sensor", key=None):
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        context.load_cert_chain(pki / f"{name}.crt", pki / f"{key or name}.key")
        self.uuid = bytes.fromhex(uuid.replace("-", ""))
        self.stream = context.wrap_socket(socket.create_connection(("127.0.0.1", port), 20),
                                          server_hostname="localhost")

    def close(self):
        self.stream.close()

    def say_hello(self, generation=1, instance=1, uuid=None, lanes=()):
        """Lanes are (first, next), of A, then B."""
        body = number(1, 2) + field(2, uuid or self.uuid) + fixed64(3, generation)
        body += field(4, bytes(16)) + fixed64(5, instance)
        for lane, (first, following) in enumerate(lanes):
            body += field(6, number(1, lane) + number(2, first) + number(3, following))
        send_frame(self.stream, field(1, body + field(9, b"simulated")))

    def greet(self, **words):
        """What the collector wants next, per lane."""
        self.say_hello(**words)
        return self.wait_hello()

    def wait_hello(self):
        kind, body = self.receive()
        assert kind == HELLO_ACK, (kind, body)
        return [lane.get(3, 0) for lane in map(numbers, numbers(body, repeated=2)[2])]

    def send(self, sections, seq, lane=0):
        payload, raw_bytes = deflate(sections)
        self.send_payload(payload, raw_bytes, seq, lane)

    def send_payload(self, payload, raw_bytes, seq, lane=0):
        send_frame(self.stream, frame_of(payload, raw_bytes, seq, lane))

    def receive(self):
        return split_field(receive_frame(self.stream))

    def wait_ack(self, seq):
        """Reads acknowledgements of lane A until this one; a Failure is an error."""
        acked = 0
        while acked < seq:
            kind, body = self.receive()
            assert kind == ACK, (kind, body)
            acked = numbers(body).get(2, 0)
        assert acked == seq

    def wait_failure(self):
        kind, body = self.receive()
        while kind == ACK:
            kind, body = self.receive()
        assert kind == FAILURE, (kind, body)
        said = numbers(body)
        return said[1], said[2].decode()


def frame_of(payload, raw_bytes, seq, lane=0):
    body = number(1, lane) + number(2, seq) + number(3, raw_bytes)
    return field(3, body + number(4, crc32c(payload)) + field(5, payload))


def numbers(message, repeated=None):
    """The fields of a message without fixed-size ones; `repeated` becomes a list."""
    found = {repeated: []} if repeated else {}
    while message:
        tag, message = take_varint(message)
        value, message = take_varint(message)
        if tag & 7 == 2:
            value, message = message[:value], message[value:]
        if tag >> 3 == repeated:
            found[repeated].append(value)
        else:
            found[tag >> 3] = value
    return found


def crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC_TABLE = crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF
