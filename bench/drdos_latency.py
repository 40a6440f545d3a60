#!/usr/bin/env python3
"""From the packet that makes an attack to the mail that a real mail server has accepted, and to the rule in the routers:
the whole chain as processes (`practice run` with a honeypot, opensmtpd, ExaBGP, GoBGP, BIRD) in a network namespace of
its own. JSON lines, each with the machine's load. Needs root and a build.

    bench/drdos_latency.py [mail|rules|all] [ATTACKS=1000] [A-SECOND=20]

An attack is one victim that asks 30 times: the fast path's threshold; time runs from the sending of the 30th. `mail`
measures ATTACKS at that pace, then as many in one burst (the first 29 of each are sent before). `rules` measures 100 with
routers, and the withdrawal of each rule from its attack's end (packets have stopped for `episode.gap`, 60 s here)."""
import json
import os
import pathlib
import re
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault('PRACTICE', str(pathlib.Path(os.environ.get('BUILD', ROOT / 'build')) / 'src/practice'))
sys.path.insert(0, str(ROOT / 'tests/lib'))
from bgplab import Lab  # noqa: E402
from chain import OFFSET, VICTIMS, Chain, Listener, Relay, Victim, own_network, wait  # noqa: E402
from mta import Missing, Mta  # noqa: E402

THRESHOLD = 30
CONF = '''
honeypots:
  - name: pot
    country: JP
    listen: [127.0.0.1]
    port-offset: {offset}
    vectors: chargen
episode: {{gap: 60s, lateness: 0}}
notify:
  host: csirt.example
  rdns: no
  ways: []
  mail: {{server: 127.0.0.1, port: {port}, from: practice@csirt.example, tls: none{more}}}
  bgp: {{mode: auto, min-pps: 0, min-packets: 0, min-sensors: 1, hold: 0s, max-rules: 1000, max-tenant: 1000}}
tenants:
  - name: xxxx
    network: XXXX-NET
    prefixes: [{victims}]
    ways: [{ways}]
    mail-to: [noc@isp.example]
    max-per-hour: 1000000
'''


def spread(v):
    """Figures of a list of seconds."""
    v = sorted(v) or [float('nan')]
    at = {p: v[min(len(v) - 1, int(len(v) * p / 100))] for p in (50, 90, 99)}
    return {**{f'p{p}_s': round(x, 4) for p, x in at.items()}, 'max_s': round(v[-1], 4)}


def say(bench, **figures):
    print(json.dumps({'bench': bench, **figures, 'load': [round(x, 1) for x in os.getloadavg()][:2],
                      'cores': os.cpu_count()}), flush=True)


def victims(first, n):
    """At most four in a /24: no carpet."""
    return [Victim(f'198.{18 + i // 1000}.{i % 250}.{1 + i % 1000 // 250}') for i in range(first, first + n)]


def paced(vs, gap):
    begin = time.monotonic()
    for i, v in enumerate(vs):
        time.sleep(max(0, begin + i * gap - time.monotonic()))
        v.ask(THRESHOLD)
    return begin


def burst(vs):
    for i, v in enumerate(vs):
        v.ask(THRESHOLD - 1)
        if i % 20 == 19:
            time.sleep(0.02)
    time.sleep(3)
    begin = time.monotonic()
    for v in vs:
        v.ask()
    return begin


def measure(name, send, vs, relay, heard):
    begin = send(vs)
    sent = {v.address: v.at for v in vs}

    def taken():
        rows = ((re.search(r'[\d.]+\.\d+', s), at) for at, _, s in relay.taken())
        return {m[0]: at for m, at in rows if m and m[0] in sent}
    wait(lambda: len(taken()) == len(sent), 120, 0.2)
    mail, bus = taken(), {}
    for at, e in heard.episodes():
        if e['state'] == 'start' and e['victim'] in sent:
            bus.setdefault(e['victim'], at)
    last = max(mail.values(), default=0) / 1e9
    say(name, attacks=len(vs), taken=len(mail), **spread([(mail[a] - sent[a]) / 1e9 for a in mail]),
        letters_per_s=round(len(mail) / max(last - begin, 1e-9), 1), connections=relay.connections())
    say(name + '_on_the_bus', attacks=len(bus), **spread([(bus[a] - sent[a]) / 1e9 for a in bus]))
    for v in vs:
        v.close()


def mail(base, n, rate):
    mta = Mta(f'{base}/mta')
    mta.start()
    relay = Relay(mta.port, f'{base}/relay')
    more = ''.join(f', {x}' for x in os.environ.get('MAIL', '').split(',') if x)
    chain = Chain(base, CONF.format(offset=OFFSET, port=relay.port, victims=VICTIMS, ways='mail', more=more))
    try:
        chain.start()
        heard = Listener(chain)
        measure('drdos_warm', lambda v: paced(v, 0.1), victims(1990, 5), relay, heard)
        measure('drdos_mail', lambda v: paced(v, 1 / rate), victims(0, n), relay, heard)
        measure('drdos_mail_burst', burst, victims(n, min(n, 990)), relay, heard)
    finally:
        chain.end()
        relay.close()
        mta.stop()


class Rules:
    """What BIRD and GoBGP have, with the moment of each change."""

    def __init__(self, lab, base):
        self.lab, self.seen, self.gone, self.at = lab, {}, {}, 0
        self.path = pathlib.Path(base, 'gobgp.json')
        lab.watch_gobgp('ipv4-flowspec', self.path)
        self.f = None

    def look(self):
        now = time.monotonic_ns()
        nets = {m[0] for k in self.lab.bird('f4') for m in [re.search(r'198\.1[89]\.\d+\.\d+', k)] if m}
        self.note('bird', nets, now)
        self.f = self.f or (open(self.path) if self.path.exists() else None)
        for line in self.f.readlines() if self.f else ():
            m = re.search(r'198\.1[89]\.\d+\.\d+', line)
            if m:
                to = self.gone if '"withdrawal":true' in line.replace(' ', '') else self.seen
                to.setdefault(('gobgp', m[0]), time.monotonic_ns())

    def note(self, who, nets, now):
        for a in nets:
            self.seen.setdefault((who, a), now)
        for (w, a) in self.seen:
            if w == who and a not in nets:
                self.gone.setdefault((w, a), now)

    def until(self, true, seconds):
        end = time.monotonic() + seconds
        while not true() and time.monotonic() < end:
            self.look()
            time.sleep(0.001)


def rules(base, n):
    chain = Chain(base, CONF.format(offset=OFFSET, port=9, victims=VICTIMS, ways='jsonl, bgp', more=''))
    pathlib.Path(base, 'lab').mkdir()
    lab = None
    try:
        chain.start()
        heard = Listener(chain)
        lab = Lab(f'{base}/lab', chain.data / 'notify/bgp')
        if not wait(lambda: chain.metrics().get('practice_notify_bgp_peers') == 2, 40):
            sys.exit('ExaBGP does not come up:\n' + lab.log('exabgp') + '\n' + chain.log()[-2000:])
        table = Rules(lab, base)
        time.sleep(0.5)
        vs = victims(0, n)
        for v in vs:
            v.ask(THRESHOLD)
            table.until(lambda: all((w, v.address) in table.seen for w in ('bird', 'gobgp')), 10)
        for who in ('bird', 'gobgp'):
            say('drdos_rule', router=who, attacks=n, **spread([(table.seen[who, v.address] - v.at) / 1e9 for v in vs
                                                               if (who, v.address) in table.seen]))
        table.until(lambda: all((w, v.address) in table.gone for w in ('bird', 'gobgp') for v in vs), 150)
        ends = {e['victim']: at for at, e in heard.episodes() if e['state'] == 'end'}
        for who in ('bird', 'gobgp'):
            gone = [v for v in vs if (who, v.address) in table.gone and v.address in ends]
            say('drdos_withdrawal', router=who, attacks=len(gone),
                **spread([(table.gone[who, v.address] - ends[v.address]) / 1e9 for v in gone]))
        say('drdos_end', attacks=len(ends), about='from the last packet; gap 60 s',
            **spread([(ends[v.address] - v.at) / 1e9 for v in vs if v.address in ends]))
    finally:
        if lab:
            lab.close()
        chain.end()


def main():
    what = sys.argv[1] if len(sys.argv) > 1 else 'all'
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    rate = float(sys.argv[3]) if len(sys.argv) > 3 else 20
    own_network()
    for name, run in (('mail', lambda b: mail(b, n, rate)), ('rules', lambda b: rules(b, min(n, 100)))):
        if what in (name, 'all'):
            with tempfile.TemporaryDirectory(prefix='practice-bench-') as base:
                try:
                    run(base)
                except Missing as why:
                    sys.exit(str(why))


main()
