# SPDX-License-Identifier: Apache-2.0
"""The far end of a TCP connection, made by hand and written to a tun device, as a VPN daemon does."""

import fcntl
import os
import socket
import struct
import subprocess

TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
REMOTE_PORT = 40000


def checksum(data):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class TunPeer:
    local, remote = "10.99.7.1", "10.99.7.2"

    def __init__(self):
        name = f"yagura{os.getpid()}"
        self.device = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        request = struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI)
        fcntl.ioctl(self.device, TUNSETIFF, request)
        for words in (["address", "add", f"{self.local}/24", "dev", name], ["link", "set", name, "up"]):
            subprocess.run(["ip", *words], check=True, timeout=20)

    def close(self):
        os.close(self.device)

    def send(self, port, seq, ack, flags, data=b""):
        ends = socket.inet_aton(self.remote) + socket.inet_aton(self.local)
        tcp = struct.pack(">HHIIBBHHH", REMOTE_PORT, port, seq, ack, 5 << 4, flags, 65000, 0, 0) + data
        pseudo = ends + struct.pack(">BBH", 0, socket.IPPROTO_TCP, len(tcp))
        tcp = tcp[:16] + struct.pack(">H", checksum(pseudo + tcp)) + tcp[18:]
        fixed = (0x45, 0, 20 + len(tcp), 0, 0, 64, socket.IPPROTO_TCP)
        header = struct.pack(">BBHHHBBH", *fixed, 0) + ends
        header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
        os.write(self.device, header + tcp)

    def receive(self):
        """(seq, flags) of the next segment for us."""
        while True:
            packet = os.read(self.device, 4096)
            at = (packet[0] & 15) * 4
            if packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
                continue
            _, to, seq, _, _, flags = struct.unpack(">HHIIBB", packet[at : at + 14])
            if to == REMOTE_PORT:
                return seq, flags

    def converse(self, port, data, pause):
        """Connects, sends, closes after `pause()`, and waits for the other end's FIN."""
        self.send(port, 1000, 0, SYN)
        theirs = self.receive()[0] + 1
        self.send(port, 1001, theirs, ACK)
        self.send(port, 1001, theirs, ACK | PSH, data)
        pause()
        self.send(port, 1001 + len(data), theirs, ACK | FIN)
        while not self.receive()[1] & FIN:
            pass
        self.send(port, 1002 + len(data), theirs + 1, ACK)
