"""A small NATS client and server starter for tests: the protocol's text over TCP or TLS.

    with Nats('127.0.0.1', port, cert=..., key=..., ca=...) as c:
        c.pub('flow.tokyo', b'...'); c.js('STREAM.INFO.PRACTICE')
"""
import json
import secrets
import socket
import ssl
import subprocess
import time


class Refused(Exception):
    """What the server said before it hung up, or the TLS alert."""


class Nats:
    def __init__(self, host, port, cert=None, key=None, ca=None, timeout=10, name='test'):
        self.buf, self.errors, self.n, self.queue = b'', [], 0, {}
        self.sock = socket.create_connection((host, port), timeout)
        try:
            self._greet(cert, key, ca, host, name)
        except (OSError, ssl.SSLError) as e:
            self.sock.close()
            raise Refused(str(e)) from e
        except Refused:
            self.sock.close()
            raise

    def _greet(self, cert, key, ca, host, name):
        line = self._line()
        self.info = json.loads(line[5:])
        if ca:
            ctx = ssl.create_default_context(cafile=ca)
            ctx.check_hostname = True
            if cert:
                ctx.load_cert_chain(cert, key)
            self.sock = ctx.wrap_socket(self.sock, server_hostname=host)
        self.send('CONNECT ' + json.dumps({'verbose': False, 'pedantic': False, 'headers': True,
                                           'tls_required': bool(ca), 'lang': 'test', 'version': '1',
                                           'protocol': 1, 'name': name, 'no_responders': True}) +
                  '\r\nPING\r\n')
        while True:
            line = self._line()
            if line == 'PONG':
                break
            if line.startswith('-ERR'):
                raise Refused(line)
        self.inbox = '_INBOX.' + secrets.token_hex(8)
        self.sub(self.inbox + '.*')
        self.ping()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data.encode() if isinstance(data, str) else data)

    def _more(self):
        got = self.sock.recv(1 << 16)
        if not got:
            raise Refused('; '.join(self.errors) or 'the server hung up')
        self.buf += got

    def _line(self):
        while b'\r\n' not in self.buf:
            self._more()
        line, self.buf = self.buf.split(b'\r\n', 1)
        return line.decode()

    def _bytes(self, n):
        while len(self.buf) < n + 2:
            self._more()
        data, self.buf = self.buf[:n], self.buf[n + 2:]
        return data

    def step(self):
        """Reads one line of the server's; a message goes to its subscription's queue."""
        line = self._line()
        word, *rest = line.split(' ')
        if word == 'PING':
            self.send('PONG\r\n')
        elif word == '-ERR':
            self.errors.append(line)
        elif word in ('MSG', 'HMSG'):
            data = self._bytes(int(rest[-1]))
            sizes = 2 if word == 'HMSG' else 1
            head = data[:int(rest[-2])] if word == 'HMSG' else b''
            reply = rest[2] if len(rest) > 2 + sizes else None
            self.queue.setdefault(int(rest[1]), []).append((rest[0], reply, head, data[len(head):]))
        return word

    def sub(self, subject):
        self.n += 1
        self.send(f'SUB {subject} {self.n}\r\n')
        return self.n

    def pub(self, subject, data=b'', reply='', headers=None):
        data = data.encode() if isinstance(data, str) else data
        if headers:
            head = b'NATS/1.0\r\n' + ''.join(f'{k}: {v}\r\n' for k, v in headers.items()).encode() + b'\r\n'
            self.send(f'HPUB {subject} {reply} {len(head)} {len(head) + len(data)}\r\n'.encode() + head + data + b'\r\n')
        else:
            self.send(f'PUB {subject} {reply} {len(data)}\r\n'.encode() + data + b'\r\n')

    def ping(self):
        self.send('PING\r\n')
        while self.step() != 'PONG':
            pass

    def next(self, sid, timeout=10):
        """The next message of a subscription, or None after `timeout` seconds."""
        until = time.monotonic() + timeout
        while not self.queue.get(sid):
            left = until - time.monotonic()
            if left <= 0:
                return None
            self.sock.settimeout(left)
            try:
                self.step()
            except (TimeoutError, socket.timeout):
                return None
            finally:
                self.sock.settimeout(30)
        return self.queue[sid].pop(0)

    def request(self, subject, data=b'', timeout=10, headers=None):
        """The answer's bytes; None: nobody answers."""
        reply = f'{self.inbox}.{secrets.token_hex(4)}'
        self.pub(subject, data, reply, headers)
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            got = self.next(1, until - time.monotonic())
            if got and got[0] == reply:
                return None if b' 503' in got[2][:16] else got[3]
        return None

    def js(self, what, body=None, timeout=10, domain=None):
        """A request to JetStream's API: js('STREAM.INFO.PRACTICE')."""
        prefix = f'$JS.{domain}.API' if domain else '$JS.API'
        got = self.request(f'{prefix}.{what}', json.dumps(body) if body is not None else '', timeout)
        return None if got is None else json.loads(got)

    def publish(self, subject, data, msg_id=None, timeout=10):
        """A publish that JetStream acknowledges; its answer, None without one."""
        got = self.request(subject, data, timeout, {'Nats-Msg-Id': msg_id} if msg_id else None)
        return None if got is None else json.loads(got)


def eventually(what, seconds=30):
    """Waits until what() is true; its last answer."""
    until = time.monotonic() + seconds
    while True:
        try:
            got = what()
        except (OSError, Refused):
            got = None
        if got or time.monotonic() > until:
            return got
        time.sleep(0.1)


def free_ports(n):
    socks = [socket.create_server(('127.0.0.1', 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in socks]
    for s in socks:
        s.close()
    return ports


class Servers:
    """nats-servers of a test: started with the files that practice wrote, killed whatever happens."""

    def __init__(self, base):
        self.base, self.live = base, {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for p in self.live.values():
            p.kill()
            p.wait()

    def start(self, name, conf):
        self.live[name] = subprocess.Popen(['nats-server', '-c', str(conf)], stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=open(self.base / f'{name}.log', 'a'))

    def kill(self, name):
        p = self.live.pop(name)
        p.kill()
        p.wait()

    def log(self, name):
        return (self.base / f'{name}.log').read_text()
