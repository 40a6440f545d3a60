"""A hub and its sites on loopback, made by `practice hub` and `practice site` and real nats-servers."""
import os
import pathlib
import re
import subprocess

from nats import Nats, Servers, eventually, free_ports
from tap import PRACTICE

SUBJECTS = [f'{k}.>' for k in ('flow', 'hit', 'health', 'finding', 'episode', 'alert', 'label', 'mark', 'tick')]


class Hub(Servers):
    def __init__(self, base):
        super().__init__(pathlib.Path(base))
        self.dir, self.data = self.base / 'hub', self.base / 'hub-data'
        self.port, self.leaf_port = free_ports(2)
        self.ports = {}

    def run(self, *args, cwd=None):
        """practice ARGS: (status, stdout, stderr)"""
        r = subprocess.run([PRACTICE, *map(str, args)], capture_output=True, text=True, cwd=cwd or self.base, timeout=60)
        return r.returncode, r.stdout, r.stderr

    def hub(self, *args):
        return self.run('hub', *args, '--dir', self.dir)

    def begin(self):
        got = self.hub('init', '--data', self.data, '--node', '127.0.0.1', '--client-port', self.port,
                       '--leaf-port', self.leaf_port)
        self.start_hub()
        return got, self.hub('apply')

    def start_hub(self):
        self.start('hub', self.dir / 'nats-127.0.0.1.conf')
        eventually(lambda: self.at_hub())

    def at_hub(self):
        d = self.dir
        return Nats('127.0.0.1', self.port, d / 'hub-practice.crt', d / 'hub-practice.key', d / 'ca.crt')

    def make_site(self, name, *args):
        """init, add-site, join; the three answers. The server is not started."""
        self.ports[name], = free_ports(1)
        d = self.base / name
        return [self.run('site', 'init', name, '--dir', d, '--data', self.base / f'{name}-data', '--port',
                         self.ports[name], *args),
                self.hub('add-site', name, d / f'{name}.request'),
                self.run('site', 'join', f'{name}.bundle', '--dir', d)]

    def start_site(self, name):
        self.start(name, self.base / name / 'nats.conf')
        with eventually(lambda: self.at_site(name)) as c:
            self.make_stream(name, c)

    def domain(self, name):
        return re.search(r'^  domain: (\S+)$', (self.base / name / 'practice.yaml').read_text(), re.M)[1]

    def make_stream(self, name, c):
        """As the bus of a role there does when it is the first."""
        c.js(f'STREAM.CREATE.PRACTICE-{name}', {'name': f'PRACTICE-{name}', 'subjects': SUBJECTS, 'storage': 'file'},
             domain=self.domain(name))

    def at_site(self, name):
        d = self.base / name
        return Nats('127.0.0.1', self.ports[name], d / 'site.crt', d / 'site.key', d / 'ca.crt')

    def subjects(self, c):
        """What the hub's stream holds: {subject: number}."""
        info = c.js('STREAM.INFO.PRACTICE', {'subjects_filter': '>'}) or {}  # no leader now: no answer
        return info.get('state', {}).get('subjects') or {}


class Cluster(Hub):
    """A hub of three nodes, each at an address of its own."""
    nodes = ('127.0.0.1', '127.0.0.2', '127.0.0.3')

    def begin(self):
        self.cluster_port, = free_ports(1)
        args = [x for n in self.nodes for x in ('--node', n)]
        got = self.hub('init', '--data', self.data, *args, '--client-port', self.port, '--leaf-port', self.leaf_port,
                       '--cluster-port', self.cluster_port)
        for n in self.nodes:  # one machine: every node its own data
            conf = self.dir / f'nats-{n}.conf'
            conf.write_text(conf.read_text().replace(str(self.data), f'{self.data}/{n}'))
            (self.data / n).mkdir()
            self.start_node(n)
        return got, eventually(lambda: (lambda r: r[0] == 0 and r)(self.hub('apply')), 60)

    def start_node(self, n):
        self.start(n, self.dir / f'nats-{n}.conf')

    def reload(self):
        for n in self.nodes:
            if n in self.live:
                self.live[n].send_signal(1)

    def at(self, node):
        d = self.dir
        return Nats(node, self.port, d / 'hub-practice.crt', d / 'hub-practice.key', d / 'ca.crt')

    def at_hub(self):
        """At any node that lives."""
        return self.at(next(n for n in self.nodes if n in self.live))


def commands(page):
    """The commands of an instruction: [(where, command)]."""
    return re.findall(r'^  (site|hub)# +(\S.*)$', page, re.M)


def shims(folder, **scripts):
    """Programs that stand before the system's own on PATH."""
    folder.mkdir(exist_ok=True)
    for name, text in scripts.items():
        f = folder / name.replace('_', '-')
        f.write_text(text)
        f.chmod(0o755)
    return {**os.environ, 'PATH': f'{folder}:{os.environ["PATH"]}'}
