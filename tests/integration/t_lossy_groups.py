#!/usr/bin/env python3
"""A sensor that loses half of its packets by fits makes no group of the hosts at a busy port, also beside a large group; the
planted groups are found."""
import json
import pathlib
import random
import struct
import tempfile

from tap import Tap, practice

t = Tap()
SEEDS = (30001, 30003)  # of those for thresholds


def lossy(source, to, seconds, seed):
    """The capture less what falls into half of the times, which are `seconds` long on average."""
    r, data, at, out, bad, until = random.Random(seed), source.read_bytes(), 24, [], False, 0.0
    out.append(data[:24])
    while at < len(data):
        s, us, caplen = struct.unpack_from('<III', data, at)
        while s + us / 1e6 >= until:
            bad = r.random() < .5
            until = max(until, s) + r.expovariate(1 / seconds)
        if not bad:
            out.append(data[at:at + 16 + caplen])
        at += 16 + caplen
    to.write_bytes(b''.join(out))
    return sum(map(len, out)) / len(data)


def groups(*files):
    """Ports of groups that are claimed, in order of engine."""
    code, out, err = practice('replay', '--quiet', '--json', '--findings', '--engines', 'glasso,nmf', *files, timeout=200)
    t.check('it is played', code == 0, err)
    said = [json.loads(x)['finding'] for x in out.splitlines() if '"finding"' in x]
    return {(x['engine'], x['key'].split(':')[1]) for x in said if x['kind'] == 'sync-group' and x['state'] == 'on'}


with tempfile.TemporaryDirectory() as d:
    dir = pathlib.Path(d)
    for seed in SEEDS:
        code, _, err = practice('gen', 'busy', '--out', dir / str(seed), '--seed', seed, '--sensors', '1', timeout=100)
        t.check(f'a made telescope, seed {seed}', code == 0, err)
        truth = json.loads((dir / str(seed) / 'truth.json').read_text())
        planted = {p['name']: f"{p['ports'][0]}/{p['proto']}" for p in truth['planted'] if p['event']}
        capture, = (dir / str(seed)).glob('*.pcap')
        for seconds in (7, 30):
            left = lossy(capture, dir / 'lossy.pcap', seconds, seed)
            t.check(f'about half is left, fits of {seconds} s', .3 < left < .7, left)
            found = groups(f'tokyo={dir / "lossy.pcap"}')
            t.equal(f'no port but those planted, seed {seed}, fits of {seconds} s', {p for _, p in found} - set(planted.values()), set())
            t.check('the large group is found', {e for e, p in found if p == planted['busy-250']} == {'glasso', 'nmf'}, found)
t.done()
