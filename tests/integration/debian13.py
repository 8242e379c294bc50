# SPDX-License-Identifier: Apache-2.0
"""Programs of Debian 13 in a root of their own: newer TLS, QUIC, and tshark, which knows JA4."""

import pathlib
import subprocess

import pytest

from daemons import ROOT, Process, wait_until

PACKAGES = ("openssl", "curl", "nginx-light", "tshark")
NGINX = """\
daemon off;
user root;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  server {{
    listen {host}:{port} ssl;
    listen {host}:{port} quic reuseport;
    http2 on;
    http3 on;
    ssl_certificate {directory}/server.crt;
    ssl_certificate_key {directory}/server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1;
    location / {{ return 200 "the watchtower stands\\n"; }}
  }}
}}
"""


class Root:
    """Paths inside it begin with the directory that `inside` gives."""

    def __init__(self):
        self.path = (ROOT / "build" / "roots" / "debian13").resolve()
        command = [ROOT / "tests" / "support" / "debian_root", "debian13", "trixie", *PACKAGES]
        made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        if made.returncode == 77:
            pytest.skip(made.stdout.strip())
        assert made.returncode == 0, made.stdout + made.stderr

    def command(self, *words):
        """chroot(1) executes the command in the same process."""
        return ["chroot", str(self.path), *(str(word) for word in words)]

    def run(self, *words):
        return subprocess.run(self.command(*words), capture_output=True, text=True, timeout=60, check=True).stdout

    def outside(self, path):
        return self.path / path.lstrip("/")


class Server:
    """nginx with TLS 1.2, TLS 1.3 and QUIC on one port of one address."""

    def __init__(self, root, directory, host, port, wrap):
        self.host, self.port = host, port
        inside = root.outside(directory)
        inside.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-keyout", inside / "server.key", "-out", inside / "server.crt", "-days", "2",
             "-subj", "/CN=tower.test", "-addext", "subjectAltName=DNS:tower.test"],
            check=True, capture_output=True, timeout=30)
        text = NGINX.format(directory=directory, host=host, port=port)
        (inside / "nginx.conf").write_text(text, encoding="utf-8")
        command = wrap(*root.command("nginx", "-e", f"{directory}/error.log", "-c", f"{directory}/nginx.conf"))
        self.process = Process(command, inside / "output.log")
        wait_until((inside / "nginx.pid").exists, 10, "nginx runs")

    def stop(self):
        self.process.stop()


class Capture:
    """What passes a device, as tshark reads it, with `options`."""

    def __init__(self, root, device, wrap=lambda *words: list(words), options=()):
        self.root, self.options = root, options
        self.file = f"/tmp/{device}-{id(self)}.pcap"
        log = root.outside(f"{self.file}.log")
        command = wrap(*root.command("dumpcap", "-q", "-i", device, "-w", self.file))
        self.process = Process(command, log)
        wait_until(lambda: "Capturing on" in self.process.output(), 20, "dumpcap captures")

    def fields(self, condition, *names):
        """The values of each packet that fits, once dumpcap has written the first of them."""
        arguments = [*self.options, "-Y", condition, "-T", "fields"]
        for name in names:
            arguments += ["-e", name]

        def read():
            try:
                text = self.root.run("tshark", "-r", self.file, *arguments)
            except subprocess.CalledProcessError:  # cut in the middle of a packet
                return None
            return [line.split("\t") for line in text.splitlines()]

        return wait_until(read, 20, f"captured {condition}")

    def stop(self):
        self.process.stop()
        pathlib.Path(self.root.outside(self.file)).unlink(missing_ok=True)
