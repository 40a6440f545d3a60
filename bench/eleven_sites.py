#!/usr/bin/env python3
"""Eleven sites, each a network namespace with a nats-server of its own (a leaf node) and a sensor, play an hour at 60 times
real time; a hub of three nats-servers (every message on three disks) and `practice run` take it into the store. All made by
`practice hub` and `practice site`. What the store holds is compared, row by row, with what `practice replay` makes of the same
captures. With --faults, things break meanwhile. One JSON line:

  rows, missing, extra, duplicates   flow records in the store, and what differs from the captures
  twice       messages that are in the hub's stream more often than at the site
  played_s    from the first sensor's start to the last one's last packet
  drain_s     from there to everything stored
  recovery_s  of each fault, from its end (the line is up, the server is started, the process is killed) until all that sites
              had published by then is stored

Usage: bench/eleven_sites.py [--sites N] [--speed X] [--scenario NAME] [--rate PPS] [--hours H] [--faults] [--only FAULT,...]
                              [--disk BYTES] [--clickhouse] [--keep DIR]
Needs root (namespaces). PRACTICE: the program, else build-bench's or build's"""
import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault('PRACTICE', next(
    str(p) for p in (ROOT / 'build-bench/src/practice', ROOT / 'build/src/practice') if p.exists()))
sys.path.insert(0, str(ROOT / 'tests/lib'))
import breakage  # noqa: E402
import clickhouse  # noqa: E402
from nats import eventually  # noqa: E402
from sites import Sites, difference, inside, rows_of, stepped  # noqa: E402
from tap import PRACTICE  # noqa: E402

NAMES = ('tokyo', 'oslo', 'lima', 'accra', 'delhi', 'quito', 'cairo', 'hanoi', 'sofia', 'perth', 'dakar')


def made(base, args):
    subprocess.run([PRACTICE, 'gen', args.scenario, '--out', base / 'made', '--sensors', str(args.sites), '--hours', str(args.hours),
                    '--rate', str(args.rate * args.sites)], check=True, stdout=subprocess.DEVNULL)
    caps = dict(zip(NAMES, sorted((base / 'made').glob('*.pcap*'))))
    if args.faults:  # and one whose clock is set
        name = NAMES[args.sites // 2]
        caps[name] = stepped(caps[name], base / 'stepped.pcap')
    return caps


def replayed(base, caps):
    subprocess.run([PRACTICE, 'replay', '--quiet', '--engines', 'noise', '--store', base / 'expected',
                    *(f'{n}={c}' for n, c in caps.items())], check=True, stdout=subprocess.DEVNULL)


def count(where, what):
    out = subprocess.run([PRACTICE, 'query', what, *map(str, where), '--json', '--limit', '100000'], check=True,
                         stdout=subprocess.PIPE).stdout
    return len(out.splitlines())


def compare(got, want, names):
    said = dict.fromkeys(('rows', 'missing', 'extra', 'duplicates'), 0)
    for n in names:
        rows = rows_of(n, *got)
        said['rows'] += sum(rows.values())
        for k, v in zip(('missing', 'extra', 'duplicates'), difference(rows, rows_of(n, *want))):
            said[k] += v
    return {**said, 'findings': count(got, 'findings'), 'alerts': count(got, 'alerts')}


@contextlib.contextmanager
def outside(h, base, args):
    """The store: options of practice query. With --clickhouse, a server beside the hub's."""
    if not args.clickhouse:
        yield '--store', h.data / 'practice/store'
        return
    with inside(h.wire.hub), clickhouse.Server(base / 'clickhouse') as server:
        conf = h.dir / 'practice.yaml'
        conf.write_text(conf.read_text() + f'store:\n  backend: clickhouse\n  clickhouse:\n    urls: [ {server.url} ]\n')
        yield '--store', 'clickhouse', '--config', conf


def broken(h, args):
    """All faults, one after the other, each at another site; the last site's disk has been too small from the start."""
    at, said = (lambda i: h.names[i % len(h.names)]), {}

    def note(what, value):
        said[what] = value
        print(f'{time.strftime("%T")} {what}: {value}; all played: {all(h.played(n) for n in h.names)}', file=sys.stderr, flush=True)
    steps = {
        'link_cut_10s': lambda: breakage.line(h, 10, cut=[at(0)]),
        'loss_90_percent_10s': lambda: breakage.line(h, 10, lossy=[at(1)]),
        'hub_leader_killed': lambda: breakage.hub_node(h, h.leader(), 3),
        'hub_node_of_the_roles_killed': lambda: breakage.hub_node(h, h.nodes[0], 3),
        'leaf_killed': lambda: breakage.leaf(h, at(2), 2),
        'sensor_killed': lambda: breakage.sensor(h, at(3), args.speed),
        'store_killed': lambda: breakage.store(h),
        'said_again': lambda: breakage.again(h, at(4)),
        'disk_full': lambda: breakage.full_disk(h, at(-1), 1 << 30)}
    for what, step in steps.items():
        if not args.only or what in args.only.split(','):
            note(what, step())
    return said


def live(h, base, args, caps):
    (st, _, err), applied = h.begin()
    if st or not applied:
        sys.exit(f'the hub does not begin: {err}')
    small = args.faults and 'disk_full' in (args.only or 'disk_full')
    for n, c in caps.items():
        h.join(n, c, disk=args.disk if small and n == h.names[-1] else 0)
    h.reload()
    for n in caps:
        h.start_leaf(n)
        eventually(lambda: h.at_site(n).close() or True)
    said = {}
    with outside(h, base, args) as store:
        h.hub_run()
        began = time.monotonic()
        for n in caps:
            h.play(n, args.speed)
        if args.faults:
            said['recovery_s'] = broken(h, args)
        if not eventually(lambda: all(h.played(n) for n in caps), 600):
            sys.exit('not all were played: ' + str([n for n in caps if not h.played(n)]))
        said['played_s'] = round(time.monotonic() - began, 1)
        said['drain_s'] = h.caught_up(300)
        held = h.progress()[0]
        said['twice'] = sum(held[n] - h.published(n) for n in caps)
        h.stop('run')
        said['errors'] = sorted({json.loads(x)['event'] for x in h.said('run').splitlines() if '"level":"error"' in x})
        return {**said, **compare(store, ('--store', base / 'expected'), caps)}


def run(base, args):
    caps = made(base, args)
    replayed(base, caps)
    with Sites(base, *caps) as h:
        return live(h, base, args, caps)


parser = argparse.ArgumentParser()
parser.add_argument('--sites', type=int, default=11)
parser.add_argument('--speed', type=float, default=60)
parser.add_argument('--rate', type=int, default=91, help='packets a second of each site')
parser.add_argument('--scenario', default='demo', help='of practice gen')
parser.add_argument('--hours', type=int, default=1)
parser.add_argument('--faults', action='store_true')
parser.add_argument('--only', help='of the faults, comma-separated')
parser.add_argument('--disk', type=int, default=1 << 20, help='bytes of the disk that runs full')
parser.add_argument('--clickhouse', action='store_true', help='the store is a ClickHouse server')
parser.add_argument('--keep', help='directory to work in, left as it is')
args = parser.parse_args()
with tempfile.TemporaryDirectory(prefix='sites-') as tmp:
    base = pathlib.Path(args.keep or tmp).resolve()
    base.mkdir(exist_ok=True)
    print(json.dumps({'bench': 'eleven_sites', 'sites': args.sites, 'speed': args.speed, 'scenario': args.scenario,
                      'rate': args.rate, 'faults': args.faults,
                      'store': 'clickhouse' if args.clickhouse else 'embedded', **run(base, args)}))
