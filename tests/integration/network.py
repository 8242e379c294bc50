# SPDX-License-Identifier: Apache-2.0
"""Two network namespaces joined by a veth pair, removed again at the end."""

import os
import subprocess


class Namespace:
    def __init__(self, name, host):
        self.name = name
        self.ipv4 = f"10.77.0.{host}"
        self.ipv6 = f"fd77::{host}"

    def command(self, *words):
        """nsenter, not `ip netns exec`: it executes the command in the same process, and the
        command alone is what the sensor sees in that namespace. Nor `ip -n`, which makes `/` a slave
        mount first and so fails in a chroot, where it is none."""
        return ["nsenter", f"--net=/run/netns/{self.name}", "--", *(str(word) for word in words)]


def run(*words):
    subprocess.run(words, check=True, capture_output=True, timeout=20)


def connect(left, right):
    """Makes both namespaces; the addresses can be used at once (no duplicate address detection)."""
    for namespace in (left, right):
        run("ip", "netns", "add", namespace.name)
    run("ip", "link", "add", "veth0", "netns", left.name, "type", "veth", "peer", "veth0", "netns", right.name)
    for namespace in (left, right):
        for words in (
            ("address", "add", f"{namespace.ipv4}/24", "dev", "veth0"),
            ("address", "add", f"{namespace.ipv6}/64", "dev", "veth0", "nodad"),
            ("link", "set", "lo", "up"),
            ("link", "set", "veth0", "up"),
        ):
            run(*namespace.command("ip", *words))


def make_pair():
    """(client, server), named after this process, so that two test runs do not meet."""
    pair = Namespace(f"yagura-c{os.getpid()}", 1), Namespace(f"yagura-s{os.getpid()}", 2)
    try:
        connect(*pair)
    except BaseException:
        remove(pair)
        raise
    return pair


def remove(pair):
    for namespace in pair:
        subprocess.run(["ip", "netns", "delete", namespace.name], capture_output=True, check=False)
