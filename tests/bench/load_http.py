# SPDX-License-Identifier: Apache-2.0
"""nginx and wrk: a connection for each request, or a few connections for all of them."""

import re

import client

PORT = 8080
CONNECTIONS = 50
NGINX = """\
daemon off;
user root;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    listen {address}:{port} backlog=4096;
    location / {{ return 200 "the watchtower stands\\n"; }}
  }}
}}
"""
REQUESTS = re.compile(r"(\d+) requests in ")
RATE = re.compile(r"Requests/sec: +([\d.]+)")


def run(world, seconds, sample, headers=()):
    directory, address = world.scratch, world.server.address
    config = directory / "nginx.conf"
    config.write_text(NGINX.format(directory=directory, address=address, port=PORT), encoding="utf-8")
    nginx = ["nginx", "-p", directory, "-e", directory / "error.log", "-c", config]
    wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *headers, f"http://{address}:{PORT}/"]
    with client.server(world, PORT, *nginx):
        output, cpu_ns = client.run_client(world, wrk, sample)
    requests = int(client.number(REQUESTS, output, "wrk"))
    return client.Work(requests, client.number(RATE, output, "wrk"), cpu_ns)


def keepalive(world, seconds, sample):
    return run(world, seconds, sample)


def storm(world, seconds, sample):
    return run(world, seconds, sample, ("-H", "Connection: close"))
