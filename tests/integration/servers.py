# SPDX-License-Identifier: Apache-2.0
"""Servers of others that the tests talk to, each with its files in a directory of its own."""

import pathlib
import subprocess

from daemons import Process, wait_until

NGINX = """\
daemon off;
user root;
worker_processes 2;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 256; }}
http {{
  log_format check '{log}';
  access_log {access_log};
  keepalive_timeout {keepalive};
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    {listen}
    location / {{ return 200 "the watchtower stands\\n"; }}
    location /large {{ alias {directory}/large; }}
  }}
}}
"""
LARGE_BYTES = 3_000_000


def address(host, port):
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Nginx:
    """A master that listens and two workers that accept. `wrap` puts it into a namespace; `log`
    is what each request writes into access.log."""

    def __init__(self, directory, hosts, port, keepalive=0, wrap=lambda *words: words, log=None):
        directory.mkdir()
        self.port = port
        (directory / "large").write_bytes(b"x" * LARGE_BYTES)
        listen = " ".join(f"listen {address(host, port)};" for host in hosts)
        logs = {"log": log or "", "access_log": f"{directory}/access.log check" if log else "off"}
        text = NGINX.format(directory=directory, keepalive=keepalive, listen=listen, **logs)
        (directory / "nginx.conf").write_text(text, encoding="utf-8")
        command = wrap("nginx", "-p", directory, "-e", directory / "error.log", "-c", directory / "nginx.conf")
        self.process = Process(command, directory / "output.log")
        wait_until(lambda: len(self.workers()) == 2, 10, "nginx has its workers")

    def workers(self):
        assert self.process.is_running(), self.process.output()
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids = [int(pid) for pid in children.read_text(encoding="ascii").split()]
        return [pid for pid in pids if b"worker" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]

    def stop(self):
        self.process.stop()


SSHD = """\
ListenAddress {host}
Port {port}
HostKey {directory}/host
AuthorizedKeysFile {directory}/user.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
"""


class Sshd:
    """sshd on a high port with throw-away keys. `wrap` puts it into a namespace."""

    def __init__(self, directory, port, host="127.0.0.1", wrap=lambda *words: words):
        directory.mkdir()
        self.directory, self.port, self.host = directory, port, host
        pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd gives up privilege
        for name in ("host", "user"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / name]
            subprocess.run(command, check=True, timeout=20)
        config = directory / "sshd_config"
        config.write_text(SSHD.format(directory=directory, port=port, host=host), encoding="utf-8")
        self.process = Process(wrap("/usr/sbin/sshd", "-D", "-e", "-f", config), directory / "output.log")
        wait_until(self.answers, 10, "sshd listens")

    def answers(self):
        assert self.process.is_running(), self.process.output()
        return "Server listening" in self.process.output()

    def client(self, *words):
        """The command line of a client that asks nobody and writes nothing outside."""
        options = ["-F", "none", "-i", self.directory / "user", "-p", self.port, "-T"]
        for option in ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null",
                       "LogLevel=ERROR"):
            options += ["-o", option]
        return [str(word) for word in ["ssh", *options, f"root@{self.host}", *words]]

    def stop(self):
        self.process.stop()
