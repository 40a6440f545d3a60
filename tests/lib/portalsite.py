"""A portal with accounts, as operators run it (roles bus, store, portal, or a whole run), and raw requests to it."""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

from tap import PRACTICE

PASSWORD = 'correct horse battery'
ROLES = ('viewer', 'analyst', 'operator', 'admin')
OWN = {'Content-Type': 'application/json', 'X-Practice': '1'}


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Site:
    """more: settings of the portal; conf: other sections; scope: what the organisation of all its people sees."""

    def __init__(self, more='', conf='', scope='JP AS64500', start=('bus', 'store', 'portal')):
        self.tmp = tempfile.TemporaryDirectory(prefix='practice-portal-')
        self.base = pathlib.Path(self.tmp.name)
        self.port = free_port()
        self.conf = self.base / 'practice.yaml'
        self.conf.write_text(f"run: {{data: '{self.base}/data', drop-rights: no}}\n"
                             f"portal: {{accounts: yes, listen: '127.0.0.1:{self.port}', rate: 0{more}}}\n")
        self.scope, self.begins, self.children = scope, start, []
        with self.conf.open('a') as f:
            f.write(conf)

    def __enter__(self):
        try:
            self.access('org', 'add', 'jp', '--scope', self.scope, '--clearance', 'TLP:AMBER')
            for role in ROLES:
                self.access('user', 'add', role, '--org', 'jp', '--role', role, stdin=PASSWORD)
            for role in self.begins:
                self.start(role)
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for p in self.children:
            p.send_signal(signal.SIGTERM)
        for p in self.children:
            try:
                p.wait(20)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        self.tmp.cleanup()

    def access(self, *args, stdin='', code=0):
        r = subprocess.run([PRACTICE, 'access', *args, '--config', self.conf], input=stdin + '\n', capture_output=True, text=True, timeout=120)
        if r.returncode != code:
            raise RuntimeError(f'practice access {args}: {r.returncode} {r.stdout}{r.stderr}')
        return r.stdout

    def start(self, role):
        out = open(self.base / f'{role}.log', 'w+')
        self.children.append(subprocess.Popen([PRACTICE, role, '--config', self.conf], stdout=out, stderr=out, stdin=subprocess.DEVNULL))

    def logs(self):
        return ''.join(p.read_text() for p in self.base.glob('*.log'))

    def wait(self):
        for _ in range(600):
            try:
                if self.ask('GET', '/api/v1/me')[0] == 200:
                    return
            except OSError:
                pass
            if any(p.poll() is not None for p in self.children):
                break
            time.sleep(0.1)
        raise RuntimeError('no portal: ' + self.logs())

    def ask(self, method, path, body=None, headers=None, cookie=None, key=None):
        """(status, headers, body): headers by lower-case name; those of one name as lines."""
        h = dict(OWN if body is not None else {})
        h.update(headers or {})
        if cookie:
            h['Cookie'] = cookie
        if key:
            h['Authorization'] = 'Bearer ' + key
        c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        try:
            c.request(method, path, json.dumps(body) if body is not None else None, {k: v for k, v in h.items() if v is not None})
            r = c.getresponse()
            return r.status, {k.lower(): '\n'.join(r.headers.get_all(k)) for k in r.headers}, r.read()
        finally:
            c.close()

    def sign_in(self, user, password=PASSWORD, **kw):
        return self.ask('POST', '/api/v1/session', {'user': user, 'password': password}, **kw)

    def session(self, user):
        """The cookie of a new session."""
        st, h, body = self.sign_in(user)
        if st != 200:
            raise RuntimeError(f'{user} can not sign in: {st} {body}')
        return h['set-cookie'].split(';')[0]

    def raw(self, data, more=(), wait=20):
        """Bytes as they are; what came back until the server closed or was silent."""
        with socket.create_connection(('127.0.0.1', self.port), timeout=wait) as s:
            got = b''
            try:
                s.sendall(data)
                for piece in more:
                    s.sendall(piece)
                while True:
                    k = s.recv(65536)
                    if not k:
                        break
                    got += k
            except OSError:
                pass
            return got
