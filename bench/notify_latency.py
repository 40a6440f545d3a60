#!/usr/bin/env python3
"""How long from an attack on the bus to its mail accepted by a real mail server (opensmtpd on loopback), and what is
taken in a burst. JSON lines. Needs root (a mount namespace for the mail server) and a build.

    bench/notify_latency.py [ATTACKS=1000] [A-SECOND=20]

A small relay between notifier and server takes the time at which the server's "250" to the text goes back, so its own
delay is part of the figures."""
import json
import pathlib
import re
import socket
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests/lib'))
from mta import Missing, Mta  # noqa: E402
from notifier import Notifier, episode  # noqa: E402

CONF = '''
notify:
  host: csirt.example
  rdns: no
  ways: []
  mail:
    server: 127.0.0.1
    port: {port}
    from: practice@csirt.example
    tls: none
tenants:
  - name: xxxx
    network: XXXX網
    language: ja
    time-zone: "+09:00"
    prefixes: [203.0.113.0/24]
    ways: [mail]
    mail-to: [noc@isp.example]
    max-per-hour: 1000000
'''


class Relay:
    """Knows when the server took which letter: id -> CLOCK_MONOTONIC."""

    def __init__(self, port):
        self.taken, self.server, self.connections = {}, port, 0
        self.s = socket.create_server(('127.0.0.1', 0))
        self.port = self.s.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            c = self.s.accept()[0]
            self.connections += 1
            threading.Thread(target=self.talk, args=(c,), daemon=True).start()

    def talk(self, c):
        s = socket.create_connection(('127.0.0.1', self.server))
        for x in (c, s):
            x.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        state = {'id': None, 'ended': False}

        def up():
            text = b''
            while True:
                try:
                    d = c.recv(65536)
                except OSError:
                    d = b''
                if not d:
                    break
                text += d
                m = re.search(rb'Message-ID: <([^@]+)@', text, re.I)
                if m:
                    state['id'] = m[1].decode()
                if text.endswith(b'\r\n.\r\n'):
                    state['ended'] = True
                    text = b''
                s.sendall(d)
            s.shutdown(socket.SHUT_WR)

        threading.Thread(target=up, daemon=True).start()
        while True:
            d = s.recv(65536)
            if not d:
                break
            c.sendall(d)
            if state['ended'] and d.startswith(b'250'):
                self.taken[state['id']] = time.monotonic_ns()
                state.update(id=None, ended=False)
        c.close()


def percentile(v, p):
    return sorted(v)[min(len(v) - 1, int(len(v) * p / 100))]


def run(name, relay, n, attacks, first, gap):
    said = {}
    begin = time.monotonic()
    for i in range(attacks):
        wait = begin + i * gap - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        e = episode(first + i, at=1427846523.0 + i)
        said[f'e{first + i}.1.xxxx'] = n.publish(e)
    end = time.monotonic() + 120
    while not all(k in relay.taken for k in said) and time.monotonic() < end:
        time.sleep(0.05)
    took = [(relay.taken[k] - t) / 1e9 for k, t in said.items() if k in relay.taken]
    last = max(relay.taken[k] for k in said if k in relay.taken) / 1e9
    print(json.dumps(dict(bench=name, attacks=attacks, taken=len(took), p50_s=round(percentile(took, 50), 4),
                          p99_s=round(percentile(took, 99), 4), max_s=round(max(took), 4),
                          letters_per_s=round(attacks / (last - begin), 1), connections=relay.connections)), flush=True)


def main():
    attacks = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rate = float(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory() as base:
        pathlib.Path(base).chmod(0o755)
        try:
            mta = Mta(f'{base}/mta')
            mta.start()
        except Missing as why:
            sys.exit(f'{why}')
        relay = Relay(mta.port)
        n = Notifier(base, CONF.format(port=relay.port))
        try:
            n.start_bus()
            n.start()
            n.publish(episode(99999))
            time.sleep(1)
            run('notify_latency', relay, n, attacks, 0, 1 / rate)
            run('notify_burst', relay, n, attacks, attacks, 0)
        finally:
            n.end()
            mta.stop()


main()
