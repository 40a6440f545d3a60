"""Sites and a hub of three nodes, each site in a network namespace of its own, the hub in another; a bridge between them.

    with Sites(base, 'tokyo', 'oslo') as h:    # needs root; everything it made is removed at the end
        h.begin(); h.join('tokyo', capture); h.reload(); h.start_leaf('tokyo'); h.hub_run(); h.play('tokyo', 60)
        h.cut('tokyo'); h.mend('tokyo')
"""
import collections
import contextlib
import ctypes
import hashlib
import os
import pathlib
import signal
import struct
import subprocess
import sys
import time

from hub import Cluster
from nats import Refused, eventually
from tap import PRACTICE

LIBC = ctypes.CDLL(None, use_errno=True)
NEWNET = 0x40000000
# Nine of ten packets, in classic BPF: a random word below 9/10 of 2^32 is dropped (2), others pass (0). The kernel needs no netem.
LOSS = '4,32 0 0 4294963256,53 1 0 3865470566,6 0 0 2,6 0 0 0'


def ip(*args):
    subprocess.run(['ip', *args], check=True, stdin=subprocess.DEVNULL, timeout=20)


@contextlib.contextmanager
def inside(ns):
    """Sockets that are made here belong to the namespace."""
    with open('/proc/self/ns/net') as home, open(f'/run/netns/{ns}') as there:
        if LIBC.setns(there.fileno(), NEWNET):
            raise OSError(ctypes.get_errno(), f'setns {ns}')
        try:
            yield
        finally:
            if LIBC.setns(home.fileno(), NEWNET):
                os.abort()


class Wire:
    """Namespaces and the bridge. Neighbours are written down: what is tried is the line, not ARP."""

    def __init__(self, names, nodes):
        self.hub = f'practice-{os.getpid()}-hub'
        self.ns = {n: f'practice-{os.getpid()}-{n}' for n in names}
        self.port = {n: f'site{i}' for i, n in enumerate(names)}
        self.nodes = nodes

    def make(self):
        bridge = '02:00:00:00:ff:01'
        ip('netns', 'add', self.hub)
        ip('-n', self.hub, 'link', 'set', 'lo', 'up')
        ip('-n', self.hub, 'link', 'add', 'br0', 'address', bridge, 'type', 'bridge')
        for a in self.nodes:
            ip('-n', self.hub, 'addr', 'add', f'{a}/16', 'dev', 'br0')
        ip('-n', self.hub, 'link', 'set', 'br0', 'up')
        for i, (name, ns) in enumerate(self.ns.items()):
            at, mac = f'10.77.1.{i + 1}', f'02:00:00:00:00:{i + 1:02x}'
            ip('netns', 'add', ns)
            ip('-n', ns, 'link', 'set', 'lo', 'up')
            ip('-n', ns, 'link', 'add', 'line', 'address', mac, 'type', 'veth', 'peer', 'name', self.port[name], 'netns', self.hub)
            ip('-n', ns, 'addr', 'add', f'{at}/16', 'dev', 'line')
            ip('-n', ns, 'link', 'set', 'line', 'up')
            ip('-n', self.hub, 'link', 'set', self.port[name], 'master', 'br0', 'up')
            ip('-n', self.hub, 'neigh', 'add', at, 'lladdr', mac, 'dev', 'br0', 'nud', 'permanent')
            for a in self.nodes:
                ip('-n', ns, 'neigh', 'add', a, 'lladdr', bridge, 'dev', 'line', 'nud', 'permanent')

    def remove(self):
        for ns in [*self.ns.values(), self.hub]:
            subprocess.run(['ip', 'netns', 'del', ns], stderr=subprocess.DEVNULL, timeout=20)

    def tc(self, name, *args):
        subprocess.run(['tc', '-n', self.hub, *args[:2], 'dev', self.port[name], *args[2:]], check=True, timeout=20)


class Sites(Cluster):
    nodes = ('10.77.0.1', '10.77.0.2', '10.77.0.3')

    def __init__(self, base, *names):
        super().__init__(base)
        self.wire = Wire(names, self.nodes)
        self.names, self.mounts, self.started, self.stuck = names, [], {}, set()
        self.port, self.leaf_port = 4222, 7422

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # a test's time is over: tidy up all the same
        try:
            self.wire.make()
        except BaseException:
            self.wire.remove()
            raise
        return self

    def __exit__(self, *_):
        try:
            for p in self.started.values():
                if p.poll() is None:
                    p.terminate()
            for p in self.started.values():
                try:
                    p.wait(20)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()
            super().__exit__()
        finally:
            for m in self.mounts:
                subprocess.run(['umount', '-l', m])
            self.wire.remove()

    # where things run

    def space(self, name):
        return self.wire.ns.get(name, self.wire.hub)

    def run(self, *args, cwd=None):
        with inside(self.wire.hub):
            return super().run(*args, cwd=cwd)

    def start(self, name, conf):
        with inside(self.space(name)):
            super().start(name, conf)

    def at(self, node):
        with inside(self.wire.hub):
            return super().at(node)

    def at_site(self, name):
        with inside(self.space(name)):
            return super().at_site(name)

    def program(self, name, where, *args):
        with open(self.base / f'{name}.err', 'a') as err, inside(self.space(where)):
            self.started[name] = subprocess.Popen([PRACTICE, *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                                  stderr=err)

    def said(self, name):
        return (self.base / f'{name}.err').read_text()

    # sites

    def join(self, name, capture, disk=0):
        """A site that plays `capture`. disk: its server's directory is a device of so many bytes."""
        got = self.make_site(name, '--capture', capture)
        if any(r[0] for r in got):
            raise RuntimeError(f'{name}: {got}')
        if disk:
            where = self.base / f'{name}-data'
            where.mkdir(exist_ok=True)
            subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={disk}', 'tmpfs', where], check=True)
            self.mounts.append(where)
            self.stuck.add(name)

    def enlarge(self, name, disk):
        subprocess.run(['mount', '-o', f'remount,size={disk}', self.base / f'{name}-data'], check=True)

    def start_leaf(self, name):
        self.start(name, self.base / name / 'nats.conf')

    def play(self, name, speed):
        self.program(f'sensor-{name}', name, 'sensor', '--config', self.base / name / 'practice.yaml', '--speed', speed)

    def hub_run(self, *more):
        self.program('run', 'hub', 'run', '--config', self.dir / 'practice.yaml', '--listen', '127.0.0.1:0', '--json', *more)

    def stop(self, name):
        self.started[name].terminate()
        return self.started[name].wait(60)

    def role(self, name):
        """pid of a role of the hub's run."""
        top = self.started['run'].pid
        for pid in pathlib.Path(f'/proc/{top}/task/{top}/children').read_text().split():
            if pathlib.Path(f'/proc/{pid}/comm').read_text().strip() == name:
                return int(pid)
        return None

    # faults

    def cut(self, name):
        ip('-n', self.wire.hub, 'link', 'set', self.wire.port[name], 'down')

    def mend(self, name):
        ip('-n', self.wire.hub, 'link', 'set', self.wire.port[name], 'up')

    def lossy(self, name):
        self.wire.tc(name, 'qdisc', 'add', 'clsact')
        for way in ('ingress', 'egress'):
            self.wire.tc(name, 'filter', 'add', way, 'bpf', 'direct-action', 'bytecode', LOSS)

    def lossless(self, name):
        self.wire.tc(name, 'qdisc', 'del', 'clsact')

    def leader(self):
        with self.at_hub() as c:
            return c.js('STREAM.INFO.PRACTICE')['cluster']['leader']

    # how far all are

    def published(self, name):
        """Messages that the site's stream has taken; None: it does not answer."""
        try:
            with self.at_site(name) as c:
                info = c.js(f'STREAM.INFO.PRACTICE-{name}', domain=self.domain(name), timeout=3)
                return info['state']['messages']
        except (OSError, Refused, KeyError, TypeError):
            return None

    def progress(self):
        """({site: messages in the hub's stream}, last message there, last one that the store has)."""
        try:
            with self.at_hub() as c:
                info = c.js('STREAM.INFO.PRACTICE', {'subjects_filter': '>'}, timeout=3)
                store = c.js('CONSUMER.INFO.PRACTICE.store', timeout=3)
                subjects = info['state'].get('subjects') or {}
                held = {n: sum(subjects.get(f'{kind}.{n}', 0) for kind in ('flow', 'health', 'packet')) for n in self.names}
                return held, info['state']['last_seq'], store['ack_floor']['stream_seq']
        except (OSError, Refused, KeyError, TypeError):
            return None

    def caught_up(self, seconds=120):
        """Seconds until what all sites (but those whose disk is full) have published by now is in the store; None: it was not,
        within `seconds`."""
        began = time.monotonic()
        want = {n: eventually(lambda: self.published(n), seconds) for n in self.names if n not in self.stuck}
        last = None
        while time.monotonic() < began + seconds:
            now = self.progress()
            if now and all(now[0][n] >= (want[n] or 0) for n in want):
                last = last or now[1]
                if now[2] >= last:
                    return round(time.monotonic() - began, 1)
            time.sleep(0.1)
        return None

    def played(self, name):
        return 'sensor_played' in self.said(f'sensor-{name}')


def stepped(capture, to):
    """The same packets, seen by a clock that is set ten minutes forward after a third of them, and back after two."""
    data = bytearray(capture.read_bytes())
    at, where = 24, []
    while at < len(data):
        where.append(at)
        at += 16 + struct.unpack_from('<I', data, at + 8)[0]
    for i in where[len(where) // 3:2 * len(where) // 3]:
        struct.pack_into('<I', data, i, struct.unpack_from('<I', data, i)[0] + 600)
    to.write_bytes(data)
    return to


def rows_of(sensor, *where):
    """Every row of a sensor, as the number of times it is there. where: options of practice query."""
    p = subprocess.Popen([PRACTICE, 'query', 'flows', f'sensor={sensor}', '--json', '--limit', str(2**32 - 1), *map(str, where)],
                         stdout=subprocess.PIPE)
    rows = collections.Counter(hashlib.blake2b(line, digest_size=12).digest() for line in p.stdout)
    if p.wait():
        raise RuntimeError(f'query flows sensor={sensor}: exit status {p.returncode}')
    return rows


def difference(got, want):
    """(missing, extra, duplicate) rows."""
    more = got - want
    again = sum(n for row, n in more.items() if row in want)
    return sum((want - got).values()), sum(more.values()) - again, again
