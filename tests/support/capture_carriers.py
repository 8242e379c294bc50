# SPDX-License-Identifier: Apache-2.0
"""The same packets in other carriers: link layers, tags, tunnels, fragments, extension headers.
Each function takes an IP packet's bytes and gives a frame; fragments_of() gives several packets."""

import struct

from capture_packets import ETHERTYPE, with_payload

MACS = bytes.fromhex("020000000002 020000000001")
IPV4_HEAD = bytes.fromhex("4500000000010000400000000a0900010a090002")
IPV6_HEAD = bytes.fromhex("600000000000004020010db8000000000000000000000001") + bytes.fromhex(
    "20010db8000000000000000000000002"
)
FRAGMENT_BYTES = 256


def ethertype(ip):
    return struct.pack(">H", ETHERTYPE[ip[0] >> 4])


def ethernet(ip):
    return MACS + ethertype(ip) + ip


def padded(ip):
    """Trailing bytes that look like a hello of their own."""
    return ethernet(ip) + bytes.fromhex("16030100c8010000c40303") + bytes(35)


def tagged(*ethertypes):
    def wrap(ip):
        tags = b"".join(struct.pack(">HH", kind, 7) for kind in ethertypes)
        return MACS + tags + ethertype(ip) + ip

    return wrap


def snap(ip):
    llc = bytes.fromhex("aaaa03000000") + ethertype(ip) + ip
    return MACS + struct.pack(">H", min(len(llc), 1500)) + llc


def mpls(ip):
    return MACS + bytes.fromhex("8847 00010040 00020140") + ip


def ppp(ip):
    return bytes.fromhex("ff03") + (b"\x00\x21" if ip[0] >> 4 == 4 else b"\x00\x57") + ip


def pppoe(ip):
    payload = ppp(ip)[2:]
    return MACS + bytes.fromhex("886411000001") + struct.pack(">H", len(payload)) + payload


def sll(ip):
    return bytes.fromhex("0000000100060200000000010000") + ethertype(ip) + ip


def sll2(ip):
    return ethertype(ip) + bytes.fromhex("00000000000200010006 0200000000010000") + ip


def loopback(order, family_6):
    def wrap(ip):
        return struct.pack(order + "I", 2 if ip[0] >> 4 == 4 else family_6) + ip

    return wrap


def over_ipv4(protocol, payload):
    head = bytearray(IPV4_HEAD)
    head[9] = protocol
    return with_payload(bytes(head), payload)


def over_ipv6(protocol, payload):
    head = bytearray(IPV6_HEAD)
    head[6] = protocol
    return with_payload(bytes(head), payload)


def in_ip(over):
    return lambda ip: ethernet(over(4 if ip[0] >> 4 == 4 else 41, ip))


def over_udp(port, payload, over=over_ipv4):
    return ethernet(over(17, struct.pack(">HHHH", 40000, port, len(payload) + 8, 0) + payload))


def gre(ip):
    return ethernet(over_ipv4(47, b"\0\0" + ethertype(ip) + ip))


def gre_with_key(ip):
    return ethernet(over_ipv6(47, b"\x30\0" + ethertype(ip) + bytes(8) + ip))


def gre_bridged(ip):
    return ethernet(over_ipv4(47, b"\0\0\x65\x58" + ethernet(ip)))


def erspan(ip):
    return ethernet(over_ipv4(47, b"\x10\0\x88\xbe" + bytes(4) + b"\x10" + bytes(7) + ethernet(ip)))


def vxlan(ip):
    return over_udp(4789, bytes.fromhex("0800000000000100") + ethernet(ip))


def geneve(ip):
    return over_udp(6081, bytes.fromhex("0100655800000100 01020000") + ethernet(ip), over_ipv6)


def gtpu(ip):
    return over_udp(2152, b"\x30\xff" + struct.pack(">HI", len(ip), 1) + ip)


def gtpu_extended(ip):
    """With a sequence number and a PDU session container."""
    payload = bytes.fromhex("00010085 01000100") + ip
    return over_udp(2152, b"\x36\xff" + struct.pack(">HI", len(payload), 1) + payload)


def nested(ip):
    """VLAN, IPv6, GRE, IPv4, VXLAN."""
    return tagged(0x8100)(over_ipv6(47, b"\0\0\x08\0" + vxlan(ip)[14:]))


def authenticated(ip):
    """An authentication header, RFC 4302, in transport mode."""
    if ip[0] >> 4 == 4:
        head, protocol = (ip[0] & 15) * 4, ip[9]
        new = ip[:9] + bytes([51]) + ip[10:head]
    else:
        head, protocol = 40, ip[6]
        new = ip[:6] + bytes([51]) + ip[7:head]
    return ethernet(with_payload(new, bytes([protocol, 4]) + bytes(22) + ip[head:]))


def with_options(ip):
    """IPv4: a router alert and padding. IPv6: hop-by-hop, routing and destination options."""
    if ip[0] >> 4 == 4:
        head = (ip[0] & 15) * 4
        if head > 40:
            return ethernet(ip)
        new = bytes([ip[0] + 5]) + ip[1:head] + bytes.fromhex("94040000") + b"\x01" * 16
        return ethernet(with_payload(new, ip[head:]))
    chain = bytes([43, 0, 1, 4]) + bytes(4) + bytes([60, 2, 0, 0]) + bytes(20)
    chain += bytes([ip[6], 0, 1, 4]) + bytes(4)
    return ethernet(with_payload(ip[:6] + b"\0" + ip[7:40], chain + ip[40:]))


def offloaded(ip):
    """The length is left to the network card."""
    at = 2 if ip[0] >> 4 == 4 else 4
    return ethernet(ip[:at] + b"\0\0" + ip[at + 2 :])


def fragments_of(ip, number):
    """IP packets of at most FRAGMENT_BYTES of payload, in order."""
    is_ipv4 = ip[0] >> 4 == 4
    head = (ip[0] & 15) * 4 if is_ipv4 else 40
    payload = ip[head:]
    if len(payload) <= FRAGMENT_BYTES or (is_ipv4 and struct.unpack(">H", ip[6:8])[0] & 0x3FFF):
        return [ip]
    out = []
    for at in range(0, len(payload), FRAGMENT_BYTES):
        piece = payload[at : at + FRAGMENT_BYTES]
        more = at + len(piece) < len(payload)
        if is_ipv4:
            place = struct.pack(">HH", number & 0xFFFF, more << 13 | at // 8)
            out.append(with_payload(ip[:4] + place + ip[8:head], piece))
        else:
            place = bytes([ip[6], 0]) + struct.pack(">HI", at | more, number)
            out.append(with_payload(ip[:6] + bytes([44]) + ip[7:40], place + piece))
    return out
