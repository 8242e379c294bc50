# SPDX-License-Identifier: Apache-2.0
"""Captures as lists of IP packets, and back: what capture_variants.py is made of. Checksums are not
kept right: nothing here looks at them."""

import dataclasses
import struct

ETHERNET, RAW, NULL, LOOP, PPP, SLL, SLL2 = 1, 101, 0, 108, 9, 113, 276
ETHERTYPE = {4: 0x0800, 6: 0x86DD}
TCP, UDP = 6, 17
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
NS = 10**9


class Foreign(Exception):
    """A capture that is not made of plain packets."""


@dataclasses.dataclass(frozen=True)
class Packet:
    time_ns: int
    ip: bytes  # from the IP header on, without padding
    cut: int = 0  # bytes that were on the wire and not captured


@dataclasses.dataclass(frozen=True)
class Segment:
    """A TCP packet taken apart."""

    packet: Packet
    head: bytes  # of IP, with its options and extensions
    seq: int
    ack: int
    flags: int
    tcp: bytes  # its header, with options
    payload: bytes

    @property
    def ends(self):
        """Sender and receiver."""
        ip = self.packet.ip
        place = slice(12, 20) if ip[0] >> 4 == 4 else slice(8, 40)
        both, half = ip[place], (place.stop - place.start) // 2
        return (both[:half], self.tcp[:2]), (both[half:], self.tcp[2:4])

    def make(self, **changes):
        """The packet with another seq, ack, flags, options or payload, or at another time."""
        seq = changes.get("seq", self.seq) & 0xFFFFFFFF
        ack = changes.get("ack", self.ack) & 0xFFFFFFFF
        flags = changes.get("flags", self.flags)
        options = changes.get("options", self.tcp[20:])
        payload = changes.get("payload", self.payload)
        words = (20 + len(options)) // 4
        tcp = self.tcp[:4] + struct.pack(">IIH", seq, ack, words << 12 | flags) + self.tcp[14:20]
        time_ns = changes.get("time_ns", self.packet.time_ns)
        return Packet(time_ns, with_payload(self.head, tcp + options + payload))


def with_payload(head, payload):
    """An IP header in front of another payload than before."""
    if head[0] >> 4 == 4:
        return head[:2] + struct.pack(">H", len(head) + len(payload)) + head[4:] + payload
    return head[:4] + struct.pack(">H", len(head) - 40 + len(payload)) + head[6:] + payload


def segment_of(packet):
    """None for what is no whole TCP packet right behind its IP header."""
    ip = packet.ip
    if ip[0] >> 4 == 4:
        head, protocol = (ip[0] & 15) * 4, ip[9]
        if struct.unpack(">H", ip[6:8])[0] & 0x3FFF or ip[2:4] == b"\0\0":
            return None
    else:
        head, protocol = 40, ip[6]
    tcp = ip[head:]
    if protocol != TCP or packet.cut or len(tcp) < 20:
        return None
    seq, ack, offset_flags = struct.unpack(">IIH", tcp[4:14])
    size = (offset_flags >> 12) * 4
    if size < 20 or size > len(tcp):
        return None
    return Segment(packet, ip[:head], seq, ack, offset_flags & 0xFFF, tcp[:size], tcp[size:])


def plain_ip(link_type, frame, wire_bytes, time_ns):
    """The packet in a frame, None for a frame without one."""
    skip = {ETHERNET: 12, RAW: 0, SLL: 14}
    if link_type not in skip:
        raise Foreign(f"link type {link_type}")
    at = skip[link_type]
    if link_type != RAW:
        ethertype = struct.unpack_from(">H", frame, at)[0]
        at += 2
        if ethertype in (0x0806, 0x88CC) or ethertype < 1536:
            return None
        if ethertype not in ETHERTYPE.values():
            raise Foreign(f"EtherType {ethertype:04x}")
    ip = frame[at:]
    if len(ip) < 40 and (not ip or ip[0] >> 4 == 6) or len(ip) < 20:
        return None
    size = struct.unpack_from(">H", ip, 2 if ip[0] >> 4 == 4 else 4)[0]
    if size == 0:
        size = wire_bytes - at
    elif ip[0] >> 4 == 6:
        size += 40
    return Packet(time_ns, ip[:size], max(0, size - len(ip)))


def read(content):
    """The packets of a pcap file, draft-ietf-opsawg-pcap 4 and 5."""
    magic = content[:4]
    orders = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}
    for order in "<>":
        unit_ns = orders.get(struct.unpack(order + "I", magic)[0])
        if unit_ns:
            break
    else:
        raise Foreign("no pcap file")
    link_type = struct.unpack_from(order + "I", content, 20)[0] & 0xFFFF
    packets, at = [], 24
    while at + 16 <= len(content):
        seconds, fraction, size, wire_bytes = struct.unpack_from(order + "IIII", content, at)
        frame = content[at + 16 : at + 16 + size]
        if len(frame) < size:
            raise Foreign("cut")
        at += 16 + size
        if len(frame) < 14:
            continue
        packet = plain_ip(link_type, frame, wire_bytes, seconds * NS + fraction * unit_ns)
        if packet:
            packets.append(packet)
    return packets


def write(frames, link_type, order="<", unit_ns=1000):
    """A pcap file of (time, bytes, bytes that were not captured)."""
    magic = 0xA1B2C3D4 if unit_ns == 1000 else 0xA1B23C4D
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link_type)]
    for time_ns, frame, cut in frames:
        seconds, rest = divmod(time_ns, NS)
        size = len(frame)
        out.append(struct.pack(order + "IIII", seconds, rest // unit_ns, size, size + cut))
        out.append(frame)
    return b"".join(out)


def block(order, kind, body):
    """draft-ietf-opsawg-pcapng 3.1."""
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def option(order, code, value):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def write_pcapng(frames, link_type, order="<", options=True):
    """4.1 to 4.3: one interface with nanoseconds, comments and an unknown block in between."""
    section = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)
    comment = option(order, 1, b"a comment") if options else b""
    end = option(order, 0, b"") if options else b""
    name = option(order, 2, b"eth0") + option(order, 9, b"\x09")
    interface = struct.pack(order + "HHI", link_type, 0, 0) + name + option(order, 0, b"")
    out = [block(order, 0x0A0D0D0A, section + comment + end), block(order, 1, interface)]
    for time_ns, frame, cut in frames:
        size = len(frame)
        head = struct.pack(
            order + "IIIII", 0, time_ns >> 32, time_ns & 0xFFFFFFFF, size, size + cut
        )
        out.append(block(order, 6, head + frame + bytes(-size % 4) + comment + end))
        if options:
            out.append(block(order, 0x0BAD, b"of somebody else"))
    return b"".join(out)
