# SPDX-License-Identifier: Apache-2.0
"""A bad network between sensor and collector: cuts connections in the middle, or holds them up."""

import random
import socket
import threading
import time


class Proxy:
    """Passes connections on; each is cut after a random number of bytes in a random direction."""

    def __init__(self, target_port, seed, cut_after=(200, 20_000), delay=0.005):
        self.random = random.Random(seed)
        self.target_port, self.cut_after, self.delay = target_port, cut_after, delay
        self.cuts = 0
        self.is_bad = True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target_port), 5)
            except OSError:
                near.close()
                continue
            budget = self.random.randint(*self.cut_after) if self.is_bad else None
            downstream = self.random.random() < 0.5  # cut among the answers, or among the batches
            for ends, counted in (((near, far), not downstream), ((far, near), downstream)):
                limit = budget if counted else None
                # Answers are few and short.
                limit = limit // 20 + 1000 if limit and downstream else limit
                threading.Thread(target=self.pump, args=(*ends, limit), daemon=True).start()

    def pump(self, source, sink, limit):
        """Moves bytes until the end or the limit, then resets both ends."""
        passed = 0
        try:
            while data := source.recv(4096):
                if limit is not None and passed + len(data) > limit:
                    sink.sendall(data[: limit - passed])
                    self.cuts += 1
                    break
                passed += len(data)
                time.sleep(self.delay if self.is_bad else 0)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
