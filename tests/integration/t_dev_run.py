#!/usr/bin/env python3
"""What `./dev run` shows, with real processes on a terminal: the demo attack from loopback is seen as an alert that opens
and closes at the page's API, in plain words, as letters of one thread in each provider's language, and as JSON lines; the
played day goes on meanwhile by its own clock; Ctrl-C leaves nothing behind."""
import datetime
import email
import email.policy
import http.server
import json
import mailbox
import os
import pathlib
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from tap import PRACTICE, ROOT, Tap

KEYS = {'drdos:127.64.1.9:ntp_monlist', 'drdos:127.64.2.53:dns'}
WAIT = 100  # seconds, of a machine that does much else; usually a third of it
t = Tap()


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as s:
        return s.getsockname()[1]


class Show:
    """`./dev run` without the building, on a terminal of its own."""

    def __init__(self, base):
        self.base, self.port, self.text, self.status = base, free_port(), b'', None
        env = {**os.environ, 'PRACTICE_LISTEN': f'127.0.0.1:{self.port}', 'PRACTICE_DEMO': str(base),
               'PRACTICE_DEMO_OFFSET': str(20100 + os.getpid() * 7 % 7000)}
        self.pid, self.tty = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, str(ROOT / 'tools/demo.py'), PRACTICE], env)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        while True:
            try:
                data = os.read(self.tty, 65536) if select.select([self.tty], [], [], 120)[0] else b''
            except OSError:
                data = b''
            if not data:
                return
            self.text += data

    def says(self):
        return self.text.decode(errors='replace').replace('\r\n', '\n')

    def ask(self, path):
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{self.port}/api/v1{path}', timeout=5) as r:
                return json.load(r)
        except (OSError, ValueError):
            return None

    def file(self, name):
        f = self.base / 'data/notify' / name
        return f.read_bytes() if f.exists() else b''

    def wait(self, what):
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            got = what()
            if got:
                return got
            time.sleep(0.1)
        return what()

    def alerts(self, state):
        rows = (self.ask('/alerts?limit=100') or {}).get('rows', [])
        return {a['key']: a for a in rows if a['key'] in KEYS and (a['state'] == 'close') == (state == 'close')}

    def stop(self):
        os.write(self.tty, b'\x03')
        end = time.monotonic() + 60
        while time.monotonic() < end and self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
            time.sleep(0.05)
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.reader.join(30)
        os.close(self.tty)


def ours_left(base):
    """Processes that name this run's folder."""
    found = []
    for p in pathlib.Path('/proc').glob('[0-9]*/cmdline'):
        try:
            words = p.read_bytes().decode(errors='replace')
        except OSError:
            continue
        if str(base) in words and int(p.parent.name) != os.getpid():
            found.append(words.replace('\0', ' '))
    return found


def on_the_page(show):
    opened = show.wait(lambda: len(o := show.alerts('open')) == 2 and o)
    t.check('page: both attacks are open alerts', opened, show.alerts('open') or show.says())
    rising = show.wait(lambda: [a for a in show.alerts('open').values() if a['revision'] > 1])
    t.check('page: ... which grow while the attack goes on', rising, show.alerts('open'))
    status = show.ask('/status') or {}
    yesterday = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)).strftime('%Y-%m-%d')
    t.check("page: its clock is the played day's", str(status.get('event_time')) < yesterday + 'T24', status)
    states = {s['name']: s['state'] for s in status.get('sensors', [])}
    t.equal('page: honeypots are well beside sensors', {n: states.get(n) for n in ('osaka', 'oslo', 'tokyo')},
            {'osaka': 'ok', 'oslo': 'ok', 'tokyo': 'ok'})
    hits = (show.wait(lambda: (show.ask('/query?what=hits&q=victim%3D127.64.2.53') or {}).get('rows')) or [{}])
    t.check('page: the hits behind it are there', any('cpsc.gov' in n for h in hits for n in h.get('names', [])), hits[:3])
    closed = show.wait(lambda: len(c := show.alerts('close')) == 2 and c)
    t.check('page: both close', closed, show.alerts('open'))
    t.equal('page: ... with every packet counted', {k: a['packets'] for k, a in (closed or {}).items()},
            {'drdos:127.64.1.9:ntp_monlist': 300, 'drdos:127.64.2.53:dns': 80})
    took = [seconds(a['closed']) - seconds(a['from']) for a in (closed or {}).values()]
    t.check('page: within a minute of the first packet', took and max(took) < 60, took)


def seconds(text):
    return datetime.datetime.fromisoformat(text[:19] + '+00:00').timestamp()


def letters(show):
    show.wait(lambda: show.file('mbox/alerts.mbox').count(b'\nFrom practice') >= 3)
    path = show.base / 'alerts.mbox'
    path.write_bytes(show.file('mbox/alerts.mbox'))
    box = [email.message_from_bytes(m.as_bytes(), policy=email.policy.default) for m in mailbox.mbox(path)]
    for who, title, first, last in (('example-net', 'EXAMPLE-NET', 'started', 'ended'), ('rei-net', '例示網', '開始', '終了')):
        mine = [m for m in box if m['Message-ID'].split('@')[0].endswith('.' + who)]
        if not t.equal(f'letters: two to {who}', len(mine), 2):
            continue
        t.check('letters: ... in its language', title in mine[0]['Subject'] and first in mine[0]['Subject'] and
                last in mine[1]['Subject'], [m['Subject'] for m in mine])
        t.equal('letters: ... of one thread', (mine[0]['References'], mine[1]['References']), (None, mine[0]['Message-ID']))
    ends = [m.get_content() for m in box if 'ended' in m['Subject'] or '終了' in m['Subject']]
    t.check('letters: the end names all packets', any(': 300\n' in x for x in ends) and any(': 80\n' in x for x in ends), ends)


def lines(show):
    got = [json.loads(x) for x in show.file('jsonl/alerts.jsonl').splitlines()]
    for victim in ('127.64.1.9', '127.64.2.53'):
        states = [x['state'] for x in got if x.get('episode', {}).get('victim') == victim]
        t.check(f'JSON: {victim} from start to end', states[:1] == ['start'] and states[-1:] == ['end'] and
                'update' in states, states)
    day = [x['alert'] for x in got if 'alert' in x]
    today = datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d')
    t.check("JSON: the played day's alerts keep to their day", day and all(a['at'] <= today + 'T00:00:00Z' for a in day), day)


def words(show):
    said = show.says()
    for what in ('two honeypots on this machine', 'DEMO   We now play the attacker', 'An attack began: somebody asks for ntp_monlist'
                 ' in the name of 127.64.1.9', 'ALERT open', 'A letter (start: 127.64.2.53) to rei-net was written to'
                 ' notify/mbox/alerts.mbox', 'The attack on 127.64.1.9 by ntp_monlist is over: 300 requests'):
        t.check(f'terminal: {what}', what in said, said)
    t.check('terminal: no warning, no error', 'warning:' not in said and 'ERROR' not in said,
            '\n'.join(x for x in said.splitlines() if 'warning:' in x or 'ERROR' in x))


class Page(http.server.BaseHTTPRequestHandler):
    """A page that has heard from `known` honeypots."""
    known = ()

    def do_GET(self):
        body = json.dumps({'sensors': [{'name': n, 'source': 'honeypot', 'heard': '2026-01-01T00:00:00Z'}
                                       for n in Page.known] + [{'name': 'tokyo', 'source': 'pcap', 'heard': None}]})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def attacker_waits():
    """Nothing is sent before the page has heard from both honeypots."""
    page = http.server.HTTPServer(('127.0.0.1', 0), Page)
    threading.Thread(target=page.serve_forever, daemon=True).start()
    pot = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    pot.bind(('127.0.0.1', 0))
    attack = subprocess.Popen([sys.executable, ROOT / 'tools/demo_attack.py', str(pot.getsockname()[1] - 123),
                               str(page.server_port), 'osaka=127.0.0.1', 'oslo=127.0.0.2'], stdout=subprocess.DEVNULL)
    try:
        for Page.known in ((), ('osaka', 'tokyo')):
            t.check(f'attacker: waits while the page has heard from {Page.known}', not select.select([pot], [], [], 5)[0])
        Page.known = ('osaka', 'oslo')
        t.check('attacker: begins when both have spoken', select.select([pot], [], [], WAIT)[0])
    finally:
        attack.kill()
        attack.wait()
        page.shutdown()
        pot.close()


def main():
    attacker_waits()
    base = pathlib.Path(tempfile.mkdtemp(prefix='practice-dev-run-'))
    show = Show(base)
    try:
        on_the_page(show)
        letters(show)
        lines(show)
    finally:
        show.stop()
    words(show)
    t.equal('Ctrl-C ends it well', show.status, 0)
    t.equal('... and leaves nothing running', ours_left(base), [])
    shutil.rmtree(base, ignore_errors=True)
    t.done()


main()
