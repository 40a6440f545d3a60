"""nats-server processes and clients of the bus, for tests.

    lab = Lab(dir)                     # everything it started ends with lab.close()
    server = lab.server('a')           # or lab.cluster(3)
    c = lab.client('store', server.settings())
    c('sub durable all')               # one line of tests/integration/bus_drive.c, one line back
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from tap import PRACTICE


def free_ports(n):
    held = [socket.socket() for _ in range(n)]
    for s in held:
        s.bind(('127.0.0.1', 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def wait_for(what, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        saw = what()
        if saw:
            return saw
        time.sleep(0.05)
    return None


class Raw:
    """The NATS protocol by hand: requests and publishes that no client of ours would make."""

    def __init__(self, port, user=None):
        self.s = socket.create_connection(('127.0.0.1', port), timeout=10)
        self.f = self.s.makefile('rb')
        self.info = json.loads(self.f.readline()[5:])
        who = {'user': user, 'pass': user} if user else {}
        self.s.sendall(f'CONNECT {json.dumps({"verbose": False, "headers": True, **who})}\r\nSUB _INBOX.raw 1\r\nPING\r\n'.encode())
        while self.f.readline() != b'PONG\r\n':
            pass

    def publish(self, subject, data=b'', reply=''):
        self.s.sendall(f'PUB {subject} {reply} {len(data)}\r\n'.encode() + data + b'\r\nPING\r\n')

    def ask(self, subject, body=None):
        """The answer to a request, as JSON; None: nobody answers."""
        self.publish(subject, json.dumps(body).encode() if body is not None else b'', '_INBOX.raw')
        while True:
            line = self.f.readline().split()
            if not line:
                return None
            if line[0] == b'MSG':
                return json.loads(self.f.read(int(line[-1]) + 2))
            if line[0] == b'HMSG':
                self.f.read(int(line[-1]) + 2)
                return None

    def close(self):
        self.f.close()
        self.s.close()


def stands(pid):
    """Each of its threads has stopped: the signal takes a while."""
    states = [p.read_text().rsplit(')', 1)[1].split()[0] for p in pathlib.Path(f'/proc/{pid}/task').glob('*/stat')]
    return set(states) == {'T'}


class Server:
    def __init__(self, lab, name, port, extra):
        self.lab, self.name, self.port, self.p = lab, name, port, None
        self.dir = lab.dir / name
        self.dir.mkdir(exist_ok=True)
        self.conf = self.dir / 'server.conf'
        self.conf.write_text(f'server_name: "{name}"\nlisten: "127.0.0.1:{port}"\nmax_payload: 8MB\n'
                             f'jetstream {{ store_dir: "{self.dir}/js" }}\n{extra}\n')

    def start(self, wait=True):
        log = open(self.dir / 'log', 'ab')
        self.p = subprocess.Popen([self.lab.binary, '-c', str(self.conf)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        self.lab.started.append(self.p)
        if wait and not wait_for(self.ready):
            raise RuntimeError((self.dir / 'log').read_text()[-3000:])
        return self

    def ready(self):
        try:
            with socket.create_connection(('127.0.0.1', self.port), timeout=1) as s:
                return s.recv(10).startswith(b'INFO')
        except OSError:
            return False

    def kill(self, sig=signal.SIGKILL):
        self.p.send_signal(sig)
        if sig == signal.SIGSTOP:
            wait_for(lambda: stands(self.p.pid))
        elif sig != signal.SIGCONT:
            self.p.wait(20)

    def settings(self, name='settings', **more):
        return self.lab.settings(self.name + '-' + name, [self.port], **more)


class Client:
    def __init__(self, lab, name, where):
        self.err = lab.dir / f'{name}-{len(lab.started)}.err'
        with open(self.err, 'wb') as err:
            self.p = subprocess.Popen([os.environ['BUS_DRIVE'], name, str(where)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=err, text=True)
        lab.started.append(self.p)
        self.opened = self.read()

    def read(self):
        return self.p.stdout.readline().strip()

    def send(self, line):
        self.p.stdin.write(line + '\n')
        self.p.stdin.flush()

    def __call__(self, line):
        self.send(line)
        return self.read()

    def take(self, n, ms=20000):
        """[(seq, subject, length, text)]; what ends the list otherwise is its last element."""
        self.send(f'take {n} {ms}')
        found = []
        while True:
            line = self.read()
            if line == 'end':
                return found
            if line.startswith('error') or not line:
                return found + [line]
            seq, subject, size, *text = line.split(' ', 3)
            found.append((int(seq), subject, int(size), text[0] if text else ''))

    def counters(self):
        return {k: int(v) for k, v in (w.split('=') for w in self('counters').split())}

    def events(self):
        return [json.loads(line) for line in self.err.read_text().splitlines() if line.startswith('{')]

    def said(self, event):
        return [e['text'] for e in self.events() if e['event'] == event]

    def close(self):
        self.p.stdin.close()
        return self.p.wait(60)

    def kill(self):
        self.p.kill()
        self.p.wait(20)


class Lab:
    def __init__(self, folder):
        self.dir = pathlib.Path(folder)
        self.started = []
        self.binary = shutil.which('nats-server', path=os.environ.get('PATH', '') + ':/usr/sbin:/usr/local/sbin')
        if not self.binary:
            raise RuntimeError('nats-server is not installed: ./dev setup test')

    def server(self, name, extra=''):
        return Server(self, name, free_ports(1)[0], extra).start()

    def cluster(self, n):
        ports, routes = free_ports(n), free_ports(n)
        urls = ', '.join(f'"nats://127.0.0.1:{r}"' for r in routes)
        made = [Server(self, f'n{i}', ports[i],
                       f'cluster {{ name: "lab", listen: "127.0.0.1:{routes[i]}", routes: [{urls}] }}') for i in range(n)]
        for s in made:
            s.start(wait=False)
        for s in made:
            wait_for(s.ready)
        return made

    def settings(self, name, ports, scheme='nats', **more):
        path = self.dir / f'{name}.yaml'
        servers = ', '.join(f"'{scheme}://127.0.0.1:{p}'" for p in ports)
        path.write_text(f'run:\n  bus: nats\nnats:\n  servers: [ {servers} ]\n' +
                        ''.join(f'  {k.replace("_", "-")}: {v}\n' for k, v in more.items()))
        return path

    def broker(self, name):
        """The local bus: a process that can be killed and started like a server."""
        return Broker(self, name)

    def client(self, name, where):
        return Client(self, name, where)

    def close(self):
        for p in self.started:
            if p.poll() is None:
                p.send_signal(signal.SIGCONT)
                p.kill()
                p.wait(20)


class Broker:
    def __init__(self, lab, name):
        self.lab, self.data = lab, lab.dir / name
        self.p = None

    def start(self):
        with open(f'{self.data}.log', 'ab') as log:
            self.p = subprocess.Popen([PRACTICE, 'bus', '--data', str(self.data)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.lab.started.append(self.p)
        wait_for(lambda: (self.data / 'bus.sock').exists())
        return self

    def kill(self, sig=signal.SIGKILL):
        Server.kill(self, sig)

    def settings(self, *_, **__):
        return self.data / 'bus.sock'
