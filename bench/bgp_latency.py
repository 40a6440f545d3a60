#!/usr/bin/env python3
"""How long from an episode (the call of send) until its rule is in BIRD's and GoBGP's tables, and back: ExaBGP on loopback,
N times, JSON lines. The time for asking the routers is in it (BIRD: its control socket; GoBGP: a run of its program).

    ./dev build && bench/bgp_latency.py [N]
"""
import json
import os
import pathlib
import sys
import tempfile
import time

root = pathlib.Path(__file__).resolve().parents[1]
build = pathlib.Path(os.environ.get('BUILD', root / 'build'))
os.environ.setdefault('PRACTICE', str(build / 'src/practice'))
os.environ.setdefault('BGP_DRIVE', str(build / 'tests/bgp_drive'))
sys.path.insert(0, str(root / 'tests/lib'))
from bgplab import Drive, Lab  # noqa: E402


def until(true):
    from_ = time.monotonic()
    while not true():
        if time.monotonic() - from_ > 10:
            sys.exit('not seen within 10 s')
        time.sleep(0.001)


def measure(lab, d, n, name, table):
    times = {'announce': [], 'withdraw': [], 'send': []}
    for i in range(n):
        victim = f'203.0.113.{1 + i % 250}'
        state = 'resume' if i >= 250 else 'start'
        from_ = time.monotonic()
        d.p.stdin.write(f'{state} {name}{i % 250} {victim} 123\n')
        d.p.stdin.flush()
        until(lambda: any(victim + '/32' in k for k in table()))
        times['announce'].append(time.monotonic() - from_)
        times['send'].append(int(d.p.stdout.readline().split()[2]) / 1e9)
        d.settled()
        d(f'end {name}{i % 250} {victim} 123')
        from_ = time.monotonic()
        d.p.stdin.write('tick 1\n')
        d.p.stdin.flush()
        until(lambda: not any(victim + '/32' in k for k in table()))
        times['withdraw'].append(time.monotonic() - from_)
        d.p.stdout.readline()
        d.settled()
    for what, v in times.items():
        v.sort()
        print(json.dumps({'bench': 'bgp_latency', 'router': name, 'what': what, 'n': len(v),
                          'p50_ms': round(v[len(v) // 2] * 1e3, 2), 'p99_ms': round(v[min(len(v) - 1, len(v) * 99 // 100)] * 1e3, 2),
                          'max_ms': round(v[-1] * 1e3, 2)}), flush=True)


with tempfile.TemporaryDirectory(prefix='bgp-') as folder:
    lab = Lab(folder)
    try:
        d = Drive(lab, 'mode: auto; hold: 0s; fragments: no')
        if not d.settled() or not lab.wait(lambda: d.counters()['peers'] == 2):
            sys.exit('ExaBGP does not come up:\n' + lab.log('exabgp'))
        n = int(sys.argv[1]) if len(sys.argv) > 1 else 100
        measure(lab, d, n, 'bird', lambda: lab.bird('f4'))
        measure(lab, d, n, 'gobgp', lambda: lab.gobgp('ipv4-flowspec'))
        d.close()
    finally:
        lab.close()
