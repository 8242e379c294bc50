# SPDX-License-Identifier: Apache-2.0
"""Captures whose fingerprints must not change: other carriers, other segments, other files. Each
variant of each capture is shown to yagura-replay, whose values are to be those of the original."""

import collections
import concurrent.futures
import dataclasses
import gzip
import os
import pathlib
import tempfile

import capture_carriers as carry
import capture_packets as cap
import capture_segments as seg
import check_corpus
from check_results import Result, exit_text

SYN_KINDS = {"muonfp", "muonfp_synack"}
CLIENT_KINDS = {"ja3", "ja4", "ja4_r", "sni", "npf1", "hassh", "muonfp"}
SERVER_KINDS = {"ja3s", "hasshserver", "muonfp_synack"}
# Which values of the original are to be there; none may be there that is not in the original.
SAME = "all"
FEWER = "none"
NO_SYN = "all but those of SYNs"
CLIENTS = "the clients'"
SERVERS = "the servers'"


@dataclasses.dataclass(frozen=True)
class Variant:
    name: str
    packets: object = list  # packets → packets
    frames: object = None  # packets → file; else as they are
    rule: str = SAME


def plain(packets):
    return cap.write([(p.time_ns, p.ip, p.cut) for p in packets], cap.RAW)


def carried(wrap, link_type=cap.ETHERNET, write=cap.write, **options):
    def frames(packets):
        return write([(p.time_ns, wrap(p.ip), p.cut) for p in packets], link_type, **options)

    return frames


def fragmented(order):
    """order(fragments) → fragments"""

    def frames(packets):
        out = []
        for number, packet in enumerate(packets):
            whole = [packet.ip] if packet.cut else carry.fragments_of(packet.ip, number + 1)
            out += [(packet.time_ns, ip, packet.cut) for ip in order(whole)]
        return cap.write(out, cap.RAW)

    return frames


def snapped(packets):
    """The first 96 bytes of each: of what is cut there is no fingerprint."""
    return cap.write([(p.time_ns, p.ip[:96], p.cut + len(p.ip[96:])) for p in packets], cap.RAW)


def gzip_members(packets):
    """RFC 1952 2.2: one after the other."""
    content = plain(packets)
    middle = len(content) // 2
    return gzip.compress(content[:middle], 1) + gzip.compress(content[middle:], 1)


LINKS = [
    ("Ethernet", carry.ethernet, cap.ETHERNET),
    ("Ethernet, padded", carry.padded, cap.ETHERNET),
    ("802.3 with SNAP", carry.snap, cap.ETHERNET),
    ("VLAN", carry.tagged(0x8100), cap.ETHERNET),
    ("QinQ", carry.tagged(0x88A8, 0x8100), cap.ETHERNET),
    ("three tags", carry.tagged(0x9100, 0x8100, 0x8100), cap.ETHERNET),
    ("MPLS", carry.mpls, cap.ETHERNET),
    ("PPPoE", carry.pppoe, cap.ETHERNET),
    ("PPP", carry.ppp, cap.PPP),
    ("cooked", carry.sll, cap.SLL),
    ("cooked, version 2", carry.sll2, cap.SLL2),
    ("loopback, little endian", carry.loopback("<", 30), cap.NULL),
    ("loopback, big endian", carry.loopback(">", 24), cap.NULL),
    ("OpenBSD loopback", carry.loopback(">", 24), cap.LOOP),
    ("IP in IPv4", carry.in_ip(carry.over_ipv4), cap.ETHERNET),
    ("IP in IPv6", carry.in_ip(carry.over_ipv6), cap.ETHERNET),
    ("GRE", carry.gre, cap.ETHERNET),
    ("GRE over IPv6, with key and sequence", carry.gre_with_key, cap.ETHERNET),
    ("GRE, bridged", carry.gre_bridged, cap.ETHERNET),
    ("ERSPAN", carry.erspan, cap.ETHERNET),
    ("VXLAN", carry.vxlan, cap.ETHERNET),
    ("Geneve over IPv6", carry.geneve, cap.ETHERNET),
    ("GTP-U", carry.gtpu, cap.ETHERNET),
    ("GTP-U with an extension", carry.gtpu_extended, cap.ETHERNET),
    ("four tunnels", carry.nested, cap.ETHERNET),
    ("authentication headers", carry.authenticated, cap.ETHERNET),
    ("IP options and extension headers", carry.with_options, cap.ETHERNET),
    ("no IP length", carry.offloaded, cap.ETHERNET),
]

FILES = [
    ("big endian", carried(carry.ethernet, order=">")),
    ("nanoseconds", carried(carry.ethernet, unit_ns=1)),
    ("nanoseconds, big endian", carried(carry.ethernet, order=">", unit_ns=1)),
    ("pcapng", carried(carry.ethernet, write=cap.write_pcapng)),
    ("pcapng, big endian", carried(carry.ethernet, write=cap.write_pcapng, order=">")),
    ("pcapng without options", carried(carry.ethernet, write=cap.write_pcapng, options=False)),
    ("gzip", lambda packets: gzip.compress(plain(packets), 1)),
    ("gzip in members", gzip_members),
    ("fragments", fragmented(list)),
    ("fragments, the last one first", fragmented(lambda whole: whole[::-1])),
    ("fragments twice", fragmented(lambda whole: [*whole[1:], *whole])),
]

STREAMS = [
    ("segments of 1 byte", seg.segmented(1), FEWER),
    ("segments of 2 bytes", seg.segmented(2), FEWER),
    ("segments of 7 bytes", seg.segmented(7), FEWER),
    ("segments of 100 bytes", seg.segmented(100), SAME),
    ("segments of 536 bytes", seg.segmented(536), SAME),
    ("segments of 1400 bytes", seg.segmented(1400), SAME),
    ("reordered", seg.shuffled(100), SAME),
    ("reordered segments of 1 byte", seg.shuffled(1), FEWER),
    ("duplicated", seg.duplicated, SAME),
    ("sent again with other cuts", seg.recut, SAME),
    ("sequence numbers that wrap", seg.wrapped, SAME),
    ("keep-alives and probes", seg.kept_alive, SAME),
    ("no bare acknowledgements", seg.without(seg.is_bare), SAME),
    ("no SYN", seg.without(seg.is_syn), NO_SYN),
    ("no SYN of either end", seg.without(seg.is_any_syn), NO_SYN),
    ("data in the SYN", seg.opened_fast, SAME),
    ("SYN-ACK before SYN", seg.acknowledged_first, SAME),
    ("joined segments", seg.joined, FEWER),
    ("ports used again", seg.twice, SAME),
    ("flows interleaved", seg.interleaved, SAME),
    ("times that jump", seg.jumbled_times, SAME),
    ("ECN", seg.congested, SAME),
    ("TCP options", seg.with_tcp_options, SAME),
]


VARIANTS = [
    *(Variant(name, frames=carried(wrap, link)) for name, wrap, link in LINKS),
    *(Variant(name, frames=frames) for name, frames in FILES),
    *(Variant(name, packets=packets, rule=rule) for name, packets, rule in STREAMS),
    Variant("96 bytes of each packet", frames=snapped, rule=FEWER),
    Variant("clients only", packets=seg.one_sided(is_server=False), rule=CLIENTS),
    Variant("servers only", packets=seg.one_sided(is_server=True), rule=SERVERS),
]


def replay(path):
    """Values by (kind, ends), and what went wrong."""
    outcome = check_corpus.run([check_corpus.REPLAY, str(path)])
    if outcome.returncode != 0:
        text = outcome.stderr.decode("utf-8", "replace")
        return {}, f"{exit_text(outcome.returncode)}\n{text}"
    found = check_corpus.read_actual("", outcome.stdout.decode("utf-8").splitlines())
    return {key[1:]: values for key, values in found.items() if values}, ""


def is_needed(rule, kind, is_tcp):
    if rule == NO_SYN:
        return kind not in SYN_KINDS
    if rule in (CLIENTS, SERVERS):
        return is_tcp and kind in (CLIENT_KINDS if rule == CLIENTS else SERVER_KINDS)
    return rule == SAME


def differences(rule, before, after):
    """A line each."""
    tcp = {both for kind, both in before if kind == "muonfp"}
    for key in sorted(set(before) | set(after), key=str):
        kind, both = key
        one, other = before.get(key, set()), after.get(key, set())
        for value in sorted(other - one):
            yield f"not in the original: {kind} of {both}: {value}"
        for value in sorted(one - other) if is_needed(rule, kind, both in tcp) else []:
            yield f"lost: {kind} of {both}: {value}"


def check_variant(variant, packets, before, path):
    content = (variant.frames or plain)(list(variant.packets(packets)))
    path.write_bytes(content)
    after, problem = replay(path)
    return problem or "\n".join(differences(variant.rule, before, after))


def check_capture(capture, directory):
    """variant → what is wrong; nothing for a capture that is not made of plain packets."""
    try:
        packets = cap.read(capture.read_bytes())
    except cap.Foreign:
        return {}
    path = pathlib.Path(directory, capture.name)
    path.write_bytes(plain(packets))
    before, problem = replay(path)
    if problem or not before:
        return {}
    return {v.name: check_variant(v, packets, before, path) for v in VARIANTS}


def variants(captures):
    """One result a variant, over all captures."""
    problems = collections.defaultdict(list)
    memory = check_corpus.memory()
    with tempfile.TemporaryDirectory(prefix="yagura-check-", dir=memory) as directory:
        with concurrent.futures.ProcessPoolExecutor() as pool:
            found = pool.map(check_capture, captures, [directory] * len(captures))
            for capture, outcome in zip(captures, found):
                for name, problem in outcome.items():
                    problems[name] += [f"{capture}: {problem}"] if problem else []
    for variant in VARIANTS:
        text = "\n".join(problems[variant.name])
        yield Result(f"variant: {variant.name}", "failed" if text else "passed", text)
