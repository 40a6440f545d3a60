#!/usr/bin/env python3
"""The clickhouse store on several nodes: two replicas of which one is killed in the middle of a copy, and two shards. All of
it from Debian's packages, ZooKeeper too."""
import pathlib
import subprocess
import tempfile
import threading
import time

import stores
from clickhouse import Missing, Proxy, ZooKeeper, cluster
from stores import removed, until
from tap import PRACTICE, Tap, practice

t = Tap()
ASKED = ('findings', 'alerts', 'health', 'top by=port', 'series step=1m', 'series step=1h by=country', 'cells by=src,dst,port,at step=1m',
         'top by=port from=2026-06-18T00:00:00Z', 'scan by=port', 'scan by=src', 'sensors')


def answers(store, *more):
    return stores.answers(store, *more, asked=ASKED)


def same(what, saw, wanted):
    stores.same(t, what, saw, wanted)


def settings(path, urls, database, *more):
    path.write_text('store:\n  clickhouse:\n    urls: [' + ', '.join(urls) + f']\n    database: {database}\n    retry: 60s\n'
                    + ''.join(f'    {m}\n' for m in more))
    return path


def copy_with_a_kill(dir, store, nodes, wanted):
    """The first node dies while flows are being inserted; the copy goes on at the second; the first comes back. What it
    took last may be on it alone until then: without a quorum the count at the copy's end may miss it."""
    a, b = nodes
    killed = threading.Event()

    def plan(n, _):
        if n == 12:
            a.kill()
            killed.set()
        return 'pass'

    with Proxy(a.port, plan) as p:
        conf = settings(dir / 'copy.yaml', [p.url, b.url], 'two', 'replicated: yes')
        r = subprocess.run([PRACTICE, 'store', 'copy', store, 'clickhouse', '--config', conf, '--rows', '1000'], capture_output=True,
                           text=True, timeout=120)
    t.check('a replica was killed in the middle, and the copy went on at the other',
            killed.is_set() and (r.returncode == 0 or 'do not have the same' in r.stderr), f'{r.returncode} {r.stdout}{r.stderr}')
    a.start()
    began = time.time()
    while time.time() < began + 60:
        if a.query("SELECT sum(absolute_delay + queue_size + is_readonly + is_session_expired) FROM system.replicas WHERE database = 'two'") == '0' \
                and a.query('SELECT count(), max(tx) FROM two.ledger') == b.query('SELECT count(), max(tx) FROM two.ledger') \
                and a.query('SELECT count() FROM two.flows') == b.query('SELECT count() FROM two.flows'):
            break
        time.sleep(0.3)
    print(f'# caught up {time.time() - began:.1f} s after it answered again', flush=True)
    for node, name in ((a, 'the killed one'), (b, 'the one that stayed')):
        same(f'{name} has every record, once', answers(node.url + '/two'), wanted)
    code, out, err = practice('store', 'copy', store, 'clickhouse', '--config', settings(dir / 'both.yaml', [a.url, b.url], 'two', 'replicated: yes'))
    t.check('copying again finds nothing to do', code == 0 and 'copied 0 flows' in out, out + err)


def opening(dir, store, nodes):
    a, b = nodes
    b.kill()
    conf = settings(dir / 'one.yaml', [a.url, b.url], 'two', 'replicated: yes')
    code, _, err = practice('store', 'copy', store, 'clickhouse', '--config', conf)
    t.check('a writer does not open while a replica is away: it could have what the others lack', code == 3 and f':{b.port}' in err, err)
    code, _, err = practice('query', '--store', 'clickhouse', '--config', conf, 'sensors')
    t.check('a reader does', code == 0, err)
    b.start()
    conf = settings(dir / 'quorum.yaml', [a.url, b.url], 'quorum', 'replicated: yes', 'quorum: 2')
    until(lambda: a.query('SELECT sum(is_session_expired) FROM system.replicas') == '0', 'the replica has a session again')
    code, out, err = practice('store', 'copy', store, 'clickhouse', '--config', conf)
    t.check('with a quorum of two', code == 0, err)
    t.equal('both have everything at once', [n.query('SELECT count() FROM quorum.flows') for n in nodes],
            [n.query('SELECT sum(rows) FROM quorum.batch') for n in nodes])


def two_shards(dir, store, nodes, wanted):
    conf = settings(dir / 'shards.yaml', [n.url for n in nodes], 'spread', 'cluster: each')
    code, out, err = practice('store', 'copy', store, 'clickhouse', '--config', conf, '--rows', '20000')
    t.check('copied over two shards', code == 0 and 'both stores have the same' in out, err)
    rows = [int(n.query('SELECT count() FROM spread.flows_own')) for n in nodes]
    t.check('each has a part of the flows', min(rows) > sum(rows) / 4, rows)
    same('every answer is the same, at any node', answers(nodes[1].url + '/spread', '--config', conf), wanted)


def folded(dir, nodes):
    """Roll-ups of hours that are over are added up on every node: with a quorum, and over two shards."""
    practice('gen', '--out', dir / 'three', '--hours', '3', '--sensors', '2', '--rate', '0.3')
    captures = sorted((dir / 'three').glob('*.pcap'))
    practice('replay', '--quiet', '--store', dir / 'one', *captures)
    wanted = answers(dir / 'one')
    for name, more in (('fold_quorum', ('replicated: yes', 'quorum: 2')), ('fold_shards', ('cluster: each',))):
        conf = settings(dir / f'{name}.yaml', [n.url for n in nodes], name, *more)
        code, _, err = practice('replay', '--quiet', '--store', 'clickhouse', '--config', conf, *captures)
        t.check(f'{name}: hours are added up at the end of a replay', code == 0, err[-1500:])
        quorum = 'quorum: 2' in more  # with one, ClickHouse keeps the last part as it is until there is another
        for n in nodes if not quorum else ():
            removed(n, name)
        rows = [n.query(f'SELECT count() > 0 FROM {name}.rolled{"_own" if "shards" in name else ""}') for n in nodes]
        t.equal('on every node', rows, ['1', '1'])
        if not quorum:
            t.equal('and removed from where they were', [n.query(f"SELECT count() FROM {name}.roll_own WHERE start < '2026-06-18 02:00:00'")
                                                         for n in nodes], ['0', '0'])
        for n in nodes:
            same('and the answers stay', answers(n.url + '/' + name, '--config', conf), wanted)


def main():
    with tempfile.TemporaryDirectory() as d, ZooKeeper(pathlib.Path(d) / 'zk') as zk:
        dir = pathlib.Path(d)
        nodes = cluster(dir, zk, shards=1, replicas=2)
        each = ''.join(f'<shard><replica><host>127.0.0.1</host><port>{n.tcp}</port></replica></shard>' for n in nodes)
        for n in nodes:
            n.extra = n.extra.replace('<remote_servers>', f'<remote_servers><each>{each}</each>')
        try:
            for n in nodes:
                n.start()
            practice('gen', '--out', dir / 'made', '--hours', '1', '--sensors', '2')
            practice('replay', '--quiet', '--store', dir / 'store', *sorted((dir / 'made').glob('*.pcap')))
            wanted = answers(dir / 'store')
            copy_with_a_kill(dir, dir / 'store', nodes, wanted)
            opening(dir, dir / 'store', nodes)
            two_shards(dir, dir / 'store', nodes, wanted)
            folded(dir, nodes)
        finally:
            for n in nodes:
                n.kill()


try:
    main()
except Missing as e:
    t.check(str(e), False)
t.done()
