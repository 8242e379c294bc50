# SPDX-License-Identifier: Apache-2.0
"""The same streams in other segments: what TCP's ends and the network between them may do without
changing a byte. Each function takes a capture's packets and gives others."""

import collections
import dataclasses
import random

from capture_packets import ACK, FIN, NS, PSH, RST, SYN, segment_of

REORDERED = 64  # segments that come in any order
TSO_BYTES = 60000


def each(packets, change):
    """change(segment) → packets, for each TCP segment."""
    for packet in packets:
        segment = segment_of(packet)
        if segment:
            yield from change(segment)
        else:
            yield packet


def pieces(segment, cuts):
    """A segment cut at these places. SYN goes with the first, FIN and PSH with the last."""
    edges = [0, *cuts, len(segment.payload)]
    for start, end in zip(edges, edges[1:]):
        flags, seq = segment.flags, segment.seq + start
        if start > 0:
            seq += bool(flags & SYN)
            flags &= ~SYN
        if end < len(segment.payload):
            flags &= ~(FIN | PSH)
        yield segment.make(seq=seq, flags=flags, payload=segment.payload[start:end])


def segmented(size):
    def change(segment):
        if segment.flags & (SYN | RST) or len(segment.payload) <= size:
            return [segment.packet]
        return pieces(segment, range(size, len(segment.payload), size))

    return lambda packets: each(packets, change)


def begun(packets):
    """Directions whose first byte is known: what comes before it is old, not early."""
    segments = [segment_of(packet) for packet in packets]
    return {segment.ends for segment in segments if segment and segment.flags & SYN}


def moved(packets, places, order):
    """The packets at these places in this order, at the times of those that were there."""
    there = [packets[place] for place in places]
    for place, other in zip(places, order):
        packets[place] = dataclasses.replace(there[other], time_ns=packets[place].time_ns)


def shuffled(size):
    """Segments of one direction in groups, each group in any order: with many holes at a time."""

    def change(packets):
        packets = list(segmented(size)(packets))
        known, waiting = begun(packets), collections.defaultdict(list)
        chance = random.Random(size)

        def flush(places):
            moved(packets, places, chance.sample(range(len(places)), len(places)))
            places.clear()

        for i, packet in enumerate(packets):
            segment = segment_of(packet)
            if not segment:
                continue
            sender, receiver = segment.ends
            places = waiting[sender, receiver]
            if segment.flags & (SYN | FIN | RST):
                flush(places)
                if segment.flags & (SYN | RST):
                    flush(waiting[receiver, sender])
            elif segment.payload and segment.ends in known:
                places.append(i)
                if len(places) == REORDERED:
                    flush(places)
        for places in waiting.values():
            flush(places)
        return packets

    return change


def duplicated(packets):
    for packet in packets:
        yield packet
        yield packet


def recut(packets):
    """Each segment in parts that overlap, the second one first; then all of it again."""
    packets = list(packets)
    known = begun(packets)

    def change(segment):
        size = len(segment.payload)
        if size < 4 or segment.ends not in known or segment.flags & (SYN | FIN | RST):
            return [segment.packet]
        third = size // 3
        return [
            segment.make(seq=segment.seq + third, payload=segment.payload[third:]),
            segment.make(payload=segment.payload[: 2 * third]),
            segment.packet,
        ]

    return each(packets, change)


def wrapped(packets):
    """Sequence numbers that wrap a few bytes into each stream."""
    shifts = {}

    def change(segment):
        sender, receiver = segment.ends
        if (sender, receiver) not in shifts:
            shifts[sender, receiver] = 0xFFFFFFE0 - segment.seq
            if segment.flags & ACK and (receiver, sender) not in shifts:
                shifts[receiver, sender] = 0xFFFFFFE0 - segment.ack
        ack = segment.ack + shifts.get((receiver, sender), 0) if segment.flags & ACK else 0
        return [segment.make(seq=segment.seq + shifts[sender, receiver], ack=ack)]

    return each(packets, change)


def kept_alive(packets):
    """Before each segment with data that continues the stream a byte of rubbish, the last one sent
    (RFC 9293 3.8.4), and the next byte alone, as a probe of a window that is closed (3.8.6.1)."""
    follows = {}

    def change(segment):
        continues = follows.get(segment.ends, segment.seq) == segment.seq
        if continues:
            size = len(segment.payload) + bool(segment.flags & (SYN | FIN))
            follows[segment.ends] = (segment.seq + size) & 0xFFFFFFFF
        if not continues or not segment.payload or segment.flags & (SYN | FIN | RST):
            return [segment.packet]
        return [
            segment.make(seq=segment.seq - 1, payload=b"\x16", flags=ACK),
            segment.make(payload=segment.payload[:1], flags=ACK),
            segment.packet,
        ]

    return each(packets, change)


def without(is_dropped):
    return lambda packets: each(packets, lambda s: [] if is_dropped(s) else [s.packet])


def is_syn(segment):
    return segment.flags & (SYN | ACK) == SYN


def is_any_syn(segment):
    return segment.flags & SYN


def is_answer(segment):
    return segment.flags & (SYN | ACK) == SYN | ACK


def is_bare(segment):
    """Then the last ACK of the handshake carries the first data."""
    return not segment.payload and not segment.flags & (SYN | FIN | RST)


def one_sided(is_server):
    """Of each connection only what one end sent."""

    def packets_of(packets):
        segments = [(packet, segment_of(packet)) for packet in packets]
        servers = {segment.ends for _, segment in segments if segment and is_answer(segment)}
        return [
            packet
            for packet, segment in segments
            if not segment or (segment.ends in servers) == is_server
        ]

    return packets_of


def opened_fast(packets):
    """The first data travels in the SYN and in the SYN-ACK, RFC 7413."""
    packets = list(packets)
    opening, drop = {}, set()
    for i, packet in enumerate(packets):
        segment = segment_of(packet)
        if not segment:
            continue
        if segment.flags & SYN:
            opening[segment.ends] = i, segment
        elif segment.payload and segment.ends in opening:
            place, syn = opening.pop(segment.ends)
            if not syn.payload and segment.seq == (syn.seq + 1) & 0xFFFFFFFF:
                packets[place] = syn.make(payload=segment.payload)
                drop.add(i)
    return [packet for i, packet in enumerate(packets) if i not in drop]


def acknowledged_first(packets):
    """The SYN-ACK was captured before the SYN."""
    packets = list(packets)
    for i, (one, other) in enumerate(zip(packets, packets[1:])):
        first, second = segment_of(one), segment_of(other)
        if first and second and is_syn(first) and second.flags & (SYN | ACK) == SYN | ACK:
            packets[i], packets[i + 1] = other, one
    return packets


def joined(packets):
    """Segments that follow each other become one, as large as network cards are given them."""
    out, last = [], {}
    for packet in packets:
        segment = segment_of(packet)
        if segment is None or segment.flags & (SYN | FIN | RST) or not segment.payload:
            if segment:
                last.pop(segment.ends, None)
            out.append(packet)
            continue
        place = last.get(segment.ends)
        before = segment_of(out[place]) if place is not None else None
        size = len(before.payload) if before else 0
        if before and segment.seq == (before.seq + size) & 0xFFFFFFFF and size < TSO_BYTES // 2:
            out[place] = before.make(payload=before.payload + segment.payload)
        else:
            last[segment.ends] = len(out)
            out.append(packet)
    return out


def twice(packets):
    """The same connections again: ports are used once more, with other sequence numbers."""
    packets = list(packets)
    yield from packets
    later = max((packet.time_ns for packet in packets), default=0) + NS
    first = min((packet.time_ns for packet in packets), default=0)
    for packet in packets:
        segment = segment_of(packet)
        time_ns = packet.time_ns - first + later
        if segment:
            ack = segment.ack + 10**7 if segment.flags & ACK else 0
            yield segment.make(seq=segment.seq + 10**7, ack=ack, time_ns=time_ns)
        else:
            yield dataclasses.replace(packet, time_ns=time_ns)


def interleaved(packets):
    """One packet of each flow in turn."""
    flows = collections.defaultdict(list)
    for packet in packets:
        segment = segment_of(packet)
        flows[frozenset(segment.ends) if segment else None].append(packet)
    for turn in range(max(map(len, flows.values()), default=0)):
        for flow in flows.values():
            if turn < len(flow):
                yield flow[turn]


def jumbled_times(packets):
    """Clocks that jump back and forth by half a second."""
    for i, packet in enumerate(packets):
        yield dataclasses.replace(packet, time_ns=packet.time_ns + i * 7919 % 1000 * NS // 2000)


def congested(packets):
    """ECN in the IP header, AccECN's flags in TCP's (RFC 3168, RFC 9768)."""

    def change(segment):
        head = bytearray(segment.head)
        head[1] |= 3 if head[0] >> 4 == 4 else 0x30
        marked = dataclasses.replace(segment, head=bytes(head))
        return [marked.make(flags=segment.flags | 0x1C0)]

    return each(packets, change)


def with_tcp_options(packets):
    """Unknown options in all segments but SYNs, as many as fit."""

    def change(segment):
        if segment.flags & SYN:
            return [segment.packet]
        room = 60 - len(segment.tcp)
        return [segment.make(options=segment.tcp[20:] + (bytes([253, room]) + bytes(38))[:room])]

    return each(packets, change)
