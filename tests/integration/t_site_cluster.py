#!/usr/bin/env python3
"""A hub of three nodes as `practice hub init` makes it: a site delivers, a node is killed, the site goes on delivering
through the others, and the node comes back."""
import pathlib
import tempfile

from hub import Cluster
from nats import eventually
from tap import Tap

t = Tap()
NODES = Cluster.nodes


def count(h, node):
    def ask():
        with h.at(node) as c:
            return h.subjects(c).get('flow.tokyo')
    return ask


with tempfile.TemporaryDirectory(prefix='cluster') as tmp, Cluster(pathlib.Path(tmp).resolve()) as h:
    made, applied = h.begin()
    t.check('three nodes come up and hold a stream', made[0] == 0 and applied, made[2])
    got = h.make_site('tokyo')
    t.check('a site is added; the operator is told to copy and reload',
            got[1][0] == 0 and 'copy' in got[1][2] and 'reload' in got[1][2], got)
    h.reload()
    h.start_site('tokyo')
    with h.at_site('tokyo') as site:
        for i in range(50):
            site.publish('flow.tokyo', f'batch {i}', f'flow.tokyo.{i}')
        t.check('what the site says arrives', eventually(lambda: count(h, NODES[0])() == 50, 60), h.log(NODES[0])[-1500:])
        with h.at(NODES[0]) as c:
            info = c.js('STREAM.INFO.PRACTICE')
            t.equal('on three nodes', (info['config']['num_replicas'], len(info['cluster']['replicas'])), (3, 2))
            leader = info['cluster']['leader']
        h.kill(leader)
        alive = [n for n in NODES if n != leader]
        for i in range(50, 100):
            site.publish('flow.tokyo', f'batch {i}', f'flow.tokyo.{i}')
        t.check('the node that led the stream is killed; the others go on with the site',
                eventually(lambda: count(h, alive[0])() == 100, 60), h.log(alive[0])[-1500:])
        h.start_node(leader)

        def whole():
            with h.at(alive[0]) as c:
                r = (c.js('STREAM.INFO.PRACTICE') or {}).get('cluster', {}).get('replicas', [])
                return len(r) == 2 and all(x['current'] and not x.get('lag') for x in r)
        t.check('the node comes back and catches up', eventually(whole, 60))
        with h.at(alive[0]) as c:
            t.equal('each message once', c.js('STREAM.INFO.PRACTICE')['state']['messages'], 100)
t.done()
