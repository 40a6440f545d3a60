"""The whole chain as real processes, in a network of the test's own: `practice run` with honeypots, and what stands
behind it (a mail server, routers).

    own_network()                       # first: runs the script again in a network namespace
    c = Chain(base, conf)
    c.start(); c.kill('notify'); c.end()
    v = Victim('198.18.1.9'); v.ask(30)
"""
import json
import os
import pathlib
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from tap import PRACTICE, practice, skip

OFFSET = 20000
VICTIMS = '198.18.0.0/15'  # for measurements between networks (RFC 2544): ours in this namespace
FEEDER = os.environ.get('HIT_FEEDER', str(pathlib.Path(PRACTICE).parents[1] / 'tests/hit_feeder'))


def own_network():
    """Returns in a network namespace that has a loopback with the victims' addresses and nothing else, and in a mount
    namespace, so that nothing stays mounted."""
    if os.environ.get('CHAIN_NETWORK') != 'own':
        if os.geteuid() != 0 or not shutil.which('ip') or subprocess.run(['unshare', '-n', '-m', 'true'], capture_output=True).returncode:
            skip('no right to make a network namespace here')
        os.environ['CHAIN_NETWORK'] = 'own'
        os.execvp('unshare', ['unshare', '-n', '-m', sys.executable, *sys.argv])
    for words in ('link set lo up', f'route add local {VICTIMS} dev lo'):
        if subprocess.run(['ip', *words.split()], capture_output=True).returncode:
            skip('no loopback of our own here')


def wait(what, seconds=30, pause=0.02):
    """What it says once it says something, or what it says last."""
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got or time.monotonic() > end:
            return got
        time.sleep(pause)


class Victim:
    """Sends requests in the name of an address; knows what it sent and what came back."""

    def __init__(self, address, port=40000):
        self.address, self.sent, self.at = address, 0, 0
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind((address, port))
        self.s.setblocking(False)

    def ask(self, n=1, to='127.0.0.1', port=19, data=b'\n'):
        """The moment (CLOCK_MONOTONIC, ns) before the last one went."""
        for _ in range(n):
            self.at = time.monotonic_ns()
            self.s.sendto(data, (to, OFFSET + port))
        self.sent += n
        return self.at

    def answers(self):
        n = 0
        try:
            while self.s.recv(65535):
                n += 1
        except BlockingIOError:
            return n

    def close(self):
        self.s.close()


class Chain:
    def __init__(self, base, conf, honeypots=1):
        self.base, self.data, self.honeypots = pathlib.Path(base), pathlib.Path(base) / 'data', honeypots
        self.base.chmod(0o755)
        (self.base / 'conf.yaml').write_text(conf)
        self.err = self.base / 'run.err'
        self.p, self.listeners = None, []

    def start(self, pre=None):
        with open(self.err, 'a') as err, open(self.base / 'run.out', 'a') as out:
            self.p = subprocess.Popen([PRACTICE, 'run', '--config', self.base / 'conf.yaml', '--data', self.data, '--listen',
                                       '127.0.0.1:8640'], stdout=out, stderr=err, stdin=subprocess.DEVNULL, preexec_fn=pre)
        up = wait(lambda: self.log().count('honeypot_listens') >= self.honeypots, 30)
        up = up and wait(lambda: self.listening(8640), 30)
        if not up:
            print('# ' + self.log()[-3000:].replace('\n', '\n# '))
            sys.exit('the run does not begin')

    @staticmethod
    def listening(port):
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return True
        except OSError:
            return False

    def log(self):
        return self.err.read_text() if self.err.exists() else ''

    def roles(self):
        """name -> pid of the children that live now."""
        out = {}
        for d in pathlib.Path('/proc').glob('[0-9]*'):
            try:
                stat = (d / 'stat').read_text()
            except OSError:
                continue
            name, rest = stat[stat.index('(') + 1:stat.rindex(')')], stat[stat.rindex(')') + 2:].split()
            if int(rest[1]) == self.p.pid and rest[0] != 'Z':
                out[name] = int(d.name)
        return out

    def kill(self, name):
        """kill -9, until the next one of that name lives."""
        old = self.roles()[name]
        heard = self.log().count('honeypot_listens')
        os.kill(old, signal.SIGKILL)
        wait(lambda: self.roles().get(name, old) != old)
        if name.startswith('honeypot'):
            wait(lambda: self.log().count('honeypot_listens') > heard)

    def query(self, *words):
        st, out, _ = practice('query', *words, '--json', '--limit', '100000', '--store', self.data / 'store')
        return [json.loads(x) for x in out.splitlines()] if st == 0 else []

    def jsonl(self):
        """The JSON lines about attacks: the episode's fields, under the message's id."""
        f = self.data / 'notify/jsonl/alerts.jsonl'
        rows = [json.loads(x) for x in f.read_text().split('\n')[:-1]] if f.exists() else []
        return [{**x['episode'], 'id': x['id']} for x in rows if 'episode' in x]

    def api(self, path):
        with urllib.request.urlopen(f'http://127.0.0.1:8640{path}', timeout=20) as r:
            return r.read().decode()

    def metrics(self):
        """{name with labels: value}; nothing while the page is not up yet."""
        try:
            text = self.api('/api/v1/metrics')
        except OSError:
            return {}
        rows = [x.rsplit(' ', 1) for x in text.splitlines() if x and x[0] != '#']
        return {k: float(v) for k, v in rows}

    def end(self):
        while self.listeners:
            self.listeners.pop().close()
        if self.p and self.p.poll() is None:
            self.p.send_signal(signal.SIGTERM)
            try:
                self.p.wait(30)
            except subprocess.TimeoutExpired:
                self.p.kill()
                self.p.wait()
        return self.p and self.p.returncode


class Listener:
    """Every revision of every attack on the bus, with its moment."""

    def __init__(self, chain):
        self.path = chain.base / 'heard'
        chain.listeners.append(self)
        with open(self.path, 'a') as out:
            self.p = subprocess.Popen([FEEDER, chain.data / 'bus.sock', '--listen', 'episode.all'], stdout=out,
                                      stdin=subprocess.DEVNULL)
        wait(lambda: 'listening' in self.path.read_text())

    def episodes(self):
        """(ns, record)"""
        rows = [x.split(' ', 2) for x in self.path.read_text().splitlines() if x.startswith(tuple('0123456789'))]
        return [(int(at), json.loads(rec)) for at, _, rec in rows if rec.endswith('}')]

    def close(self):
        self.p.kill()
        self.p.wait()


class Relay:
    """Between notifier and mail server, a process of its own: when the server's "250" to which letter went back."""

    def __init__(self, server_port, path):
        self.path, self.server = pathlib.Path(path), server_port
        self.path.write_text('')
        s = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.port = s.getsockname()[1]
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._serve(s)
            finally:
                os._exit(0)
        s.close()

    def _serve(self, listener):
        sel, out = selectors.DefaultSelector(), open(self.path, 'a', buffering=1)
        sel.register(listener, selectors.EVENT_READ, None)
        while True:
            for key, _ in sel.select():
                if key.data is None:
                    self._begin(sel, listener, out)
                    continue
                try:
                    data = key.fileobj.recv(65536)
                    if data:
                        self._pass(key.data, data, out)
                except OSError:
                    data = b''
                if not data:
                    for x in (key.fileobj, key.data['other']):
                        if x in sel.get_map():
                            sel.unregister(x)
                        x.close()
                    break

    @staticmethod
    def _pass(d, data, out):
        if d['up']:
            d['text'] += data
            if d['text'].endswith(b'\r\n.\r\n'):
                words = [re.search(rb'^' + k + rb': ([^\r]*)', d['text'], re.I | re.M) for k in (b'Message-ID', b'Subject')]
                d['shared']['letter'] = [w[1].decode(errors='replace') if w else '' for w in words]
                d['text'] = b''
        d['other'].sendall(data)
        if not d['up'] and d['shared']['letter'] and data.startswith(b'250'):
            out.write(json.dumps([time.monotonic_ns(), *d['shared']['letter']]) + '\n')
            d['shared']['letter'] = None

    def _begin(self, sel, listener, out):
        c = listener.accept()[0]
        try:
            s = socket.create_connection(('127.0.0.1', self.server))
        except OSError:
            return c.close()
        shared = {'letter': None}
        for a, b, up in ((c, s, True), (s, c, False)):
            a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sel.register(a, selectors.EVENT_READ, {'up': up, 'other': b, 'text': b'', 'shared': shared})
        out.write('"connection"\n')

    def rows(self):
        return [json.loads(x) for x in self.path.read_text().splitlines() if x.endswith((']', '"'))]

    def taken(self):
        """[ns, Message-ID, Subject] of each letter"""
        return [r for r in self.rows() if isinstance(r, list)]

    def connections(self):
        return sum(r == 'connection' for r in self.rows())

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
