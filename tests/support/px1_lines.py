#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Writes COUNT (10000) generated executions as px1_tool reads them: the same ones each time.

Half of an argument list is drawn from pieces that mean something to px1, cut and glued at random, so
that what almost is a date, an address or an option comes up as often as what is one.
"""

import random
import sys

SEED = 20260101
PROGRAMS = [
    b"ls", b"/usr/bin/curl", b"mysql", b"sudo", b"sshpass", b"ldapsearch", b"redis-cli", b"zip", b"7z",
    b"-bash", b"", b"python3.11", b"a b", b"mariadb-dump", b"/tmp/", b"x" * 70,
]
PIECES = [
    b"-", b"--", b"=", b"/", b".", b",", b":", b"@", b"%", b"+", b"_", b" ", b"[", b"]", b"T", b"Z", b"0x",
    b"e", b"1", b"23", b"456", b"2024", b"-01-02", b"/1/2", b"10:20:30", b"10.0.0.1", b"255", b"256", b"::",
    b":1", b"fe80::1", b"%eth0", b"/64", b":443", b"abcdef", b"0123456789abcdef",
    b"550e8400-e29b-41d4-a716-446655440000", b"00:11:22:33:44:55", b"http", b"://", b"https://a.b/c?d=e",
    b"QUJDREVGR0hJSktMTU5PUA", b"==", b"tmp", b"var", b"/var/tmp", b"/dev/shm/x", b"..", b"/../", b"/./",
    b"usr", b"lib64", b"home/a", b"/etc/passwd", b"run", b"-p", b"-w", b"-P", b"-a", b"-I", b"-o", b"-O2",
    b"-rf", b"-std=c11", b"--all", b"--password", b"--no-password", b"compass", b"token", b"Secret_Key", b"api-key", b"-file", b"PASS",
    b"pwd", b"mysql", b"sshpass", b"stop", b"start", b"word", b"A", b"main.c", b"\xff", b"\xe6\xab\x93",
    b"\x01", b"\n", b"\t", b"*", b"'", b"10M", b"5min", b"100%", b"~", b"#",
]
WHOLE = [
    b"-v", b"--color=auto", b"192.0.2.1:80", b"2001:db8::1/32", b"2024-01-02T03:04:05Z", b"/tmp/a",
    b"/home" b"/a/b", b"../c", b"10", b"-n5", b"https://example.org/", b"install", b"restart", b"nginx", b"A=b",
    b"--token", b"-phunter", b"-w", b"/usr/lib/x", b"/var/run/x", b"/run/lock", b"/proc/self/fd/3", b"", b"-",
    b"--", b"a.o", b"b.o", b"user@host:/path", b"--password=x", b"-Wl,-z,now", b"-l", b"if=/dev/zero",
]
PATHS = [
    b"/usr/bin/bash", b"/bin/bash", b"/usr/sbin/sshd", b"/usr/lib/systemd/systemd", b"/memfd:x", b"", b"?",
    b"/a b",
]


def argument(rng):
    if rng.random() < 0.4:
        return rng.choice(WHOLE)
    text = b"".join(rng.choice(PIECES) for _ in range(rng.choice((1, 1, 2, 2, 3, 4, 6))))
    if rng.random() < 0.05:
        text *= rng.randrange(2, 60)
    if rng.random() < 0.15:
        position = rng.randrange(len(text) + 1)
        text = text[:position] + bytes([rng.randrange(1, 256)]) + text[position:]
    return text


def arguments(rng):
    count = rng.choice((0, 1, 2, 3, 4, 5, 8, 12, 20)) if rng.random() < 0.97 else rng.randrange(90, 900)
    return [rng.choice(PROGRAMS) if i == 0 and rng.random() < 0.8 else argument(rng) for i in range(count)]


def record(rng):
    args = arguments(rng)
    ancestors = [rng.choice(PATHS[: rng.choice((4, 6, 6, 6, 8))]) for _ in range(rng.choice((0, 1, 2, 5, 30)))]
    digest = "%064x" % rng.getrandbits(256) if rng.random() < 0.7 else "-"
    uid = rng.choice(("0", "1", "999", "1000", "59999", "60000", "65534", "x"))
    facts = [rng.choice("esmd"), uid, rng.choice("tnx"), rng.choice("chx"), digest, str(int(rng.random() < 0.1))]
    head = " ".join([*facts, str(len(ancestors)), str(len(args))])
    return b"".join(field + b"\0" for field in [head.encode(), *ancestors, *args])


def main():
    rng = random.Random(SEED)
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 10000):
        sys.stdout.buffer.write(record(rng))


if __name__ == "__main__":
    main()
