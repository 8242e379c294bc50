# SPDX-License-Identifier: Apache-2.0
"""Hellos where protocols put them: behind STARTTLS and proxies' greetings, in records of any size.
Each dialogue is shown to yagura-replay, whose values are to be those of the bare handshake."""

import pathlib
import struct
import tempfile

import capture_packets as cap
import capture_variants
from check_results import Result

CLIENT, SERVER = (bytes([192, 0, 2, 1]), 40000), (bytes([192, 0, 2, 2]), 8443)
TIME_NS = 1700000000 * cap.NS


def sized(width, content):
    return len(content).to_bytes(width, "big") + content


def extension(kind, body):
    return struct.pack(">H", kind) + sized(2, body)


def client_hello(pad=0):
    """RFC 8446 4.1.2, with GREASE (RFC 8701) here and there."""
    suites = bytes.fromhex("3a3a 1301 1303 c02b c02f cca9 009c 00ff")
    extensions = extension(0, sized(2, b"\0" + sized(2, b"host.example")))
    extensions += extension(10, sized(2, bytes.fromhex("4a4a 11ec 001d 0017")))
    extensions += extension(11, b"\x01\x00") + extension(35, b"")
    extensions += extension(13, sized(2, bytes.fromhex("0403 0804 0401 0806")))
    extensions += extension(16, sized(2, sized(1, b"h2") + sized(1, b"http/1.1")))
    extensions += extension(43, sized(1, bytes.fromhex("7a7a 0304 0303")))
    extensions += extension(51, sized(2, bytes.fromhex("11ec") + sized(2, bytes(1216))))
    extensions += extension(21, bytes(pad)) if pad else b""
    body = b"\x03\x03" + bytes(range(32)) + sized(1, bytes(32)) + sized(2, suites) + b"\x01\x00"
    return b"\x01" + sized(3, body + sized(2, extensions))


def server_hello():
    extensions = extension(43, b"\x03\x04") + extension(51, b"\x00\x1d" + sized(2, bytes(32)))
    body = b"\x03\x03" + bytes(range(32, 64)) + sized(1, bytes(32)) + b"\x13\x01\x00"
    return b"\x02" + sized(3, body + sized(2, extensions))


def records(message, size=16384, version=b"\x03\x01"):
    pieces = [message[at : at + size] for at in range(0, len(message), size)]
    return b"".join(b"\x16" + version + sized(2, piece) for piece in pieces)


HELLO, ANSWER = records(client_hello()), records(server_hello(), version=b"\x03\x03")
DONE = b"\x0e\0\0\0"  # ServerHelloDone
ALERT = bytes.fromhex("15030100020100")
KEX_LISTS = [
    b"mlkem768x25519-sha256,curve25519-sha256,ext-info-c,kex-strict-c-v00@openssh.com",
    b"ssh-ed25519",
    b"aes128-ctr,aes256-ctr",
    b"aes256-gcm@openssh.com",
    b"hmac-sha2-256",
    b"hmac-sha2-512",
    b"none,zlib",
    b"none",
    b"",
    b"",
]


def ssh_packet(payload):
    padding = 4 + -(len(payload) + 9) % 8
    return sized(4, bytes([padding]) + payload + bytes(padding))


def kexinit():
    lists = b"".join(sized(4, names) for names in KEX_LISTS)
    return ssh_packet(b"\x14" + bytes(range(16)) + lists + bytes(5))


IGNORED = ssh_packet(b"\x02" + sized(4, b"rubbish"))
BANNER = b"SSH-2.0-Example_1.0 a comment\r\n"
OLD_BANNER = BANNER.replace(b"\r", b"")
KEX = kexinit()


def connection(talk):
    """A TCP connection's packets; talk: (who, bytes) a segment each."""
    sent = {"C": 1000, "S": 2000}
    packets = []

    def send(who, flags, payload=b""):
        ends = (CLIENT, SERVER) if who == "C" else (SERVER, CLIENT)
        other = "S" if who == "C" else "C"
        ack = sent[other] if flags & cap.ACK else 0
        tcp = struct.pack(">HHII", ends[0][1], ends[1][1], sent[who], ack)
        tcp += struct.pack(">HHI", 5 << 12 | flags, 65535, 0) + payload
        head = struct.pack(">BBHIBBH", 0x45, 0, 20 + len(tcp), 0, 64, cap.TCP, 0)
        time_ns = TIME_NS + len(packets) * 10**6
        packets.append(cap.Packet(time_ns, head + ends[0][0] + ends[1][0] + tcp))
        sent[who] += len(payload) + bool(flags & (cap.SYN | cap.FIN))

    send("C", cap.SYN)
    send("S", cap.SYN | cap.ACK)
    send("C", cap.ACK)
    for who, payload in talk:
        for at in range(0, len(payload), 1400):
            send(who, cap.ACK, payload[at : at + 1400])
    send("C", cap.FIN | cap.ACK)
    send("S", cap.FIN | cap.ACK)
    return packets


def line(text):
    return text.encode() + b"\r\n"


def tls(*before):
    return [*before, ("C", HELLO), ("S", ANSWER)]


PLAIN_TLS = tls()
PLAIN_SSH = [("S", BANNER), ("C", BANNER), ("C", KEX), ("S", KEX)]
SOCKS_REQUEST = bytes.fromhex("05010003 0c") + b"host.example" + b"\x01\xbb"
SOCKS_REPLY = bytes.fromhex("05000001 00000000 0000")
PROXY_1 = line("PROXY TCP6 2001:db8:1111:2222:3333:4444:5555:6666 2001:db8::2 56324 443")
PROXY_2 = bytes.fromhex("0d0a0d0a000d0a515549540a 2111000c c0000201 c0000202 dc04 01bb")
PROXY_NAME = b"\x02" + sized(2, b"a" * 40)
PROXY_2_LONG = bytes.fromhex("0d0a0d0a000d0a515549540a 2121") + sized(2, bytes(36) + PROXY_NAME)
RDP_REQUEST = bytes.fromhex("0300002b 26e00000 000000") + line("Cookie: mstshash=user")
RDP_REQUEST += bytes.fromhex("0100080003000000")
LDAP_REQUEST = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
LDAP_REPLY = bytes.fromhex("300c02010178070a010004000400")
MYSQL_GREETING = bytes.fromhex("4a0000000a") + b"8.0.36\0" + bytes(64)
MYSQL_REQUEST = bytes.fromhex("2000000185ae7f00 00000001 2d") + bytes(23)
XMPP = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
XMPP_TLS = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
XMPP_FEATURES = b"<stream:features>" + XMPP_TLS + b"</stream:features>"
HTTP_CONNECT = line("CONNECT host.example:443 HTTP/1.1") + line("Host: host.example") + line("")

TLS_TALKS = [
    ("SMTP", tls(
        ("S", line("220 mx ESMTP")), ("C", line("EHLO a")),
        ("S", line("250-mx") + line("250 STARTTLS")),
        ("C", line("STARTTLS")), ("S", line("220 go")))),
    ("SMTP, letter by letter", tls(
        ("S", line("220 mx ESMTP")), *[("C", bytes([byte])) for byte in line("EHLO a")],
        ("S", line("250 STARTTLS")),
        *[("C", bytes([byte])) for byte in line("STARTTLS")], ("S", line("220 go")))),
    ("IMAP", tls(
        ("S", line("* OK IMAP4rev1")), ("C", line("a CAPABILITY")),
        ("S", line("* CAPABILITY STARTTLS") + line("a OK")),
        ("C", line("b STARTTLS")), ("S", line("b OK")))),
    ("POP3", tls(("S", line("+OK")), ("C", line("STLS")), ("S", line("+OK")))),
    ("FTP", tls(("S", line("220 ftp")), ("C", line("AUTH TLS")), ("S", line("234 go")))),
    ("NNTP", tls(("S", line("200 news")), ("C", line("STARTTLS")), ("S", line("382 go")))),
    ("ManageSieve", tls(("S", line('"STARTTLS"') + line("OK")), ("C", line("STARTTLS")),
                        ("S", line("OK")))),
    ("XMPP", tls(
        ("C", XMPP), ("S", XMPP), ("S", XMPP_FEATURES), ("C", XMPP_TLS),
        ("S", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"))),
    ("LDAP", tls(("C", LDAP_REQUEST), ("S", LDAP_REPLY))),
    ("PostgreSQL", tls(("C", bytes.fromhex("0000000804d2162f")), ("S", b"S"))),
    ("PostgreSQL, answer with the hello", [
        ("C", bytes.fromhex("0000000804d2162f")), ("C", HELLO), ("S", b"S" + ANSWER)]),
    ("MySQL", tls(("S", MYSQL_GREETING), ("C", MYSQL_REQUEST))),
    ("MySQL, request with the hello", [
        ("S", MYSQL_GREETING), ("C", MYSQL_REQUEST + HELLO), ("S", ANSWER)]),
    ("RDP", tls(
        ("C", RDP_REQUEST), ("S", bytes.fromhex("030000130ed00000123400021f080001000000")))),
    ("HTTP CONNECT", tls(("C", HTTP_CONNECT), ("S", line("HTTP/1.1 200 OK") + line("")))),
    ("HTTP CONNECT after 407", tls(
        ("C", HTTP_CONNECT), ("S", line("HTTP/1.1 407 no") + line("Content-Length: 0") + line("")),
        ("C", HTTP_CONNECT), ("S", line("HTTP/1.1 200 OK") + line("")))),
    ("HTTP upgrade", tls(
        ("C", line("OPTIONS * HTTP/1.1") + line("Upgrade: TLS/1.0") + line("")),
        ("S", line("HTTP/1.1 101 go") + line("")))),
    ("SOCKS4", tls(("C", bytes.fromhex("040101bbc0000202") + b"me\0"), ("S", b"\0\x5a" + bytes(6)))),
    ("SOCKS4a", tls(("C", bytes.fromhex("040101bb00000001") + b"me\0host.example\0"),
                    ("S", b"\0\x5a" + bytes(6)))),
    ("SOCKS5 with a password", tls(
        ("C", bytes.fromhex("05020002")), ("S", bytes.fromhex("0502")),
        ("C", b"\x01\x02me\x06secret"), ("S", b"\x01\0"),
        ("C", SOCKS_REQUEST), ("S", SOCKS_REPLY))),
    ("SOCKS5, all with the hello", [
        ("C", b"\x05\x01\0" + SOCKS_REQUEST + HELLO), ("S", b"\x05\0" + SOCKS_REPLY + ANSWER)]),
    ("PROXY, version 1", [("C", PROXY_1 + HELLO), ("S", ANSWER)]),
    ("PROXY, version 1, apart", tls(("C", PROXY_1))),
    ("PROXY, version 2", [("C", PROXY_2 + HELLO), ("S", ANSWER)]),
    ("PROXY, version 2 with a name", [("C", PROXY_2_LONG + HELLO), ("S", ANSWER)]),
    ("records of a byte", [("C", records(client_hello(), 1)), ("S", records(server_hello(), 1))]),
    ("records of 4 bytes", [("C", records(client_hello(), 4)), ("S", records(server_hello(), 4))]),
    ("records of 5 bytes", [("C", records(client_hello(), 5)), ("S", records(server_hello(), 5))]),
    ("records of 100 bytes", [("C", records(client_hello(), 100)), ("S", ANSWER)]),
    ("several messages in a record", [("C", HELLO), ("S", records(server_hello() + DONE))]),
    ("an alert before", tls(("C", ALERT), ("S", ALERT))),
    ("an alert in the same segment", [("C", ALERT + HELLO), ("S", ALERT + ANSWER)]),
    ("HelloRequest before", [("S", records(bytes(4))), ("C", HELLO), ("S", ANSWER)]),
    ("HelloRequest in the same segment", [("C", HELLO), ("S", records(bytes(4)) + ANSWER)]),
    ("the record says SSL 3.0", [
        ("C", records(client_hello(), version=b"\x03\x00")), ("S", ANSWER)]),
    ("the record says TLS 1.3", [
        ("C", records(client_hello(), version=b"\x03\x04")), ("S", ANSWER)]),
    ("the server speaks first", [("S", ANSWER), ("C", HELLO)]),
]

SSH_TALKS = [
    ("both in one segment", [("S", BANNER + KEX), ("C", BANNER + KEX)]),
    ("client first", [("C", BANNER + KEX), ("S", BANNER + KEX)]),
    ("no CR", [("S", OLD_BANNER), ("C", OLD_BANNER + KEX), ("S", KEX)]),
    ("lines before", [("S", b"hello\r\n"), ("S", b"there\r\n"), *PLAIN_SSH]),
    ("through HTTP CONNECT", [
        ("C", HTTP_CONNECT), ("S", line("HTTP/1.1 200 OK") + line("")), *PLAIN_SSH]),
    ("through SOCKS5", [
        ("C", b"\x05\x01\0"), ("S", b"\x05\0"),
        ("C", SOCKS_REQUEST), ("S", SOCKS_REPLY), *PLAIN_SSH]),
    ("key exchange in two", [*PLAIN_SSH[:2], ("C", KEX[:50]), ("C", KEX[50:]), ("S", KEX)]),
    ("key exchange letter by letter", [
        *PLAIN_SSH[:2], *[("C", bytes([byte])) for byte in KEX], ("S", KEX)]),
    ("banner letter by letter", [("S", BANNER), *[("C", bytes([byte])) for byte in BANNER],
                                 ("C", KEX), ("S", KEX)]),
    ("more behind", [("S", BANNER + KEX + IGNORED), ("C", BANNER + KEX + IGNORED)]),
]

SSLV2_HELLO = bytes.fromhex("802e0100020015000000100100800200800300800400800500800600400700c0")
NONE_TALKS = [
    ("SSLv2 hello", [("C", SSLV2_HELLO + bytes(16))]),
    ("SSLv2 hello with TLS 1.0", [
        ("C", SSLV2_HELLO[:3] + b"\x03\x01" + SSLV2_HELLO[5:] + bytes(16))]),
    ("half a hello", [("C", HELLO[:700])]),
    ("a record that lies", [("C", HELLO[:3] + b"\xff\xff" + HELLO[5:])]),
    ("a hello that lies", [("C", HELLO[:6] + b"\0\xff\xff" + HELLO[9:])]),
]


def check(talks, before, path, group):
    for name, talk in talks:
        path.write_bytes(capture_variants.plain(connection(talk)))
        after, problem = capture_variants.replay(path)
        differences = capture_variants.differences(capture_variants.SAME, before, after)
        text = problem or "\n".join(differences)
        yield Result(f"{group}: {name}", "failed" if text else "passed", text)


def dialogues():
    with tempfile.TemporaryDirectory(prefix="yagura-check-") as directory:
        path = pathlib.Path(directory, "capture")
        for group, plain, talks, kind in (
            ("TLS", PLAIN_TLS, TLS_TALKS, "ja4"),
            ("SSH", PLAIN_SSH, SSH_TALKS, "hassh"),
            ("nothing", [], NONE_TALKS, None),
        ):
            path.write_bytes(capture_variants.plain(connection(plain)))
            before, problem = capture_variants.replay(path)
            has = kind is None or any(key[0] == kind for key in before)
            yield Result(f"{group}: bare", "failed" if problem or not has else "passed", problem)
            yield from check(talks, before, path, group)
