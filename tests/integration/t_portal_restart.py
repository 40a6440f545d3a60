#!/usr/bin/env python3
"""The portal is killed and started anew in the middle of a minute, again and again, while sensors go on: once the store has caught up
each minute has every part, and none twice. Meanwhile it has never more than was said."""
import calendar
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request

from tap import PRACTICE, Tap

t = Tap()
DRIVE = os.environ['BUS_DRIVE']
SENSORS = ('tokyo', 'oslo', 'lima')
MINUTES = 3


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Site:
    def __init__(self, base):
        self.base, self.port, self.roles, self.sock = base, free_port(), {}, str(base / 'data/bus.sock')
        self.conf = base / 'practice.yaml'
        self.conf.write_text(f"run: {{data: '{base}/data', drop-rights: no}}\nportal: {{listen: '127.0.0.1:{self.port}', rate: 0}}\n")

    def __enter__(self):
        for role in ('bus', 'store', 'portal'):
            self.start(role)
        self.until(lambda: self.series() is not None)
        return self

    def __exit__(self, *_):
        for p in self.roles.values():
            p.send_signal(signal.SIGCONT)
            p.kill()
            p.wait()

    def start(self, role):
        out = open(self.base / f'{role}.log', 'a')
        self.roles[role] = subprocess.Popen([PRACTICE, role, '--config', self.conf], stdout=out, stderr=out, stdin=subprocess.DEVNULL)

    def again(self, role):
        self.roles[role].kill()
        self.roles[role].wait()
        self.start(role)

    def series(self):
        """Packets by (sensor, minute); None: nobody answers."""
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{self.port}/api/v1/series?minutes={MINUTES + 1}', timeout=10) as f:
                d = json.load(f)
        except OSError:
            return None
        begin = calendar.timegm(time.strptime(d['from'], '%Y-%m-%dT%H:%M:%SZ')) // 60 if d['count'] else 0
        return {(s['sensor'], begin + i): n for s in d['sensors'] for i, n in enumerate(s['packets']) if n}

    def until(self, what, seconds=40):
        end = time.time() + seconds
        while time.time() < end:
            if what():
                return True
            time.sleep(0.1)
        return False


class Talk(threading.Thread):
    """Parts of the same few minutes, from all sensors, some of older minutes."""

    def __init__(self, site, first):
        super().__init__(daemon=True)
        self.site, self.first, self.over, self.said, self.n = site, first, threading.Event(), {}, 0
        self.clients = [subprocess.Popen([DRIVE, f'sensor.{s}', site.sock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                        for s in SENSORS]
        for p in self.clients:
            p.stdout.readline()

    def say(self, sensor, minute, rows):
        p = self.clients[sensor]
        for line in (f'flow {minute} {rows}', 'flush 5000'):
            said = 'again'
            while said == 'again':
                p.stdin.write(line + '\n')
                p.stdin.flush()
                said = p.stdout.readline().strip()
        key = SENSORS[sensor], minute
        self.said[key] = self.said.get(key, 0) + rows

    def run(self):
        while not self.over.wait(0.02):
            self.n += 1
            sensor, ago = self.n % len(SENSORS), 1 if self.n % 7 == 0 else 0
            now = min(self.n // 150, MINUTES - 1)
            self.say(sensor, self.first + max(0, now - ago), 10 + self.n % 23)

    def pause(self):
        self.over.set()
        self.join(30)

    def end(self):
        for p in self.clients:
            p.stdin.close()
            p.wait(10)


def main():
    first = int(time.time()) // 60 - 10
    with tempfile.TemporaryDirectory() as d, Site(pathlib.Path(d)) as site:
        talk = Talk(site, first)
        for s in range(len(SENSORS)):
            talk.say(s, first, 5)
        talk.start()
        time.sleep(1)
        for how in ('at once', 'with a store that stands still'):
            if how != 'at once':
                site.roles['store'].send_signal(signal.SIGSTOP)
                time.sleep(0.5)
            site.again('portal')
            came = site.until(lambda: site.series())
            time.sleep(1)
            site.roles['store'].send_signal(signal.SIGCONT)
            more = []
            for _ in range(10):
                seen, said = site.series() or {}, dict(talk.said)
                more += [(k, n, said.get(k, 0)) for k, n in seen.items() if n > said.get(k, 0) + 40]  # one that is just being said
                time.sleep(0.1)
            t.check(f'{how}: it is there again', came)
            t.equal(f'{how}: no minute has more than was said', more, [])
        talk.pause()
        wanted = talk.said
        t.check('there was much to say', talk.n > 100 and len(wanted) >= 2 * len(SENSORS), wanted)
        whole = site.until(lambda: site.series() == wanted)
        t.check('in the end every minute is whole', whole, f'{sorted((site.series() or {}).items())}\n{sorted(wanted.items())}')
        site.again('portal')
        # The store may still be behind at this moment; who listens again learns of that by the next thing that is said.
        site.until(lambda: site.series())
        talk.say(0, first, 1)
        t.check('and so it is from the store and one batch more', site.until(lambda: site.series() == wanted), f'{sorted((site.series() or {}).items())}\n{sorted(wanted.items())}')
        talk.end()


main()
t.done()
