#!/usr/bin/env python3
"""Every view as each role with data as they really come, in a real browser (day.mjs): a made attack day of three telescopes
and two honeypots through a whole run, and the real rows of three sensors around the 7th of August 2013 (the Marx honeypot
log), replayed into a store. What the page must show is asked of the store by `practice query`."""
import contextlib
import csv
import datetime
import gzip
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import geo
from browser import needs
from portalsite import Site
from tap import ROOT, practice, shared

FEEDER = os.environ.get('HIT_FEEDER', str(ROOT / 'build/tests/hit_feeder'))
DAY, HOURS, RATE = '2026-06-18', 8, 2
SENSORS = {'tokyo': ('JP', 0), 'frankfurt': ('DE', 16), 'saopaulo': ('BR', 32)}
# What is said last, by each engine and by the collector: all else is in the store then.
LAST = {'victim:82.255.1.28/tcp', 'port:53413/udp', 'group:52869/tcp'}
ATTACKS = 6
POTS = {'osaka': 'JP', 'oslo': 'NO'}
MARX = ('groucho-tokyo', 'groucho-eu', 'groucho-sydney')
MARX_FROM, MARX_TO = '2013-07-18', '2013-08-08'


def text(t):
    return t.strftime('%Y-%m-%dT%H:%M:%S.%fZ')


class Attacks:
    """Requests in the names of victims, as two honeypots tell them: (victim, vector, port, name, minute it begins, minutes,
    packets a second)."""
    PLAN = [('106.130.9.7', 'ntp_monlist', 123, None, 95, 6, 40), ('36.130.77.5', 'dns', 53, 'isc.org ANY IN', 210, 12, 25),
            ('106.131.0.80', 'dns', 53, 'doleta.gov TXT IN', 330, 9, 60), ('179.130.4.4', 'memcached', 11211, None, 400, 4, 15),
            *((f'153.130.8.{i}', 'chargen', 19, None, 440, 3, 4) for i in range(1, 13)), ('106.132.1.1', 'ssdp', 1900, None, 470, 10, 30)]

    def __init__(self, base):
        self.base, self.begin = base, datetime.datetime.fromisoformat(DAY)

    def hits(self):
        """Of every second and each honeypot."""
        for i, (victim, vector, port, name, begin, minutes, pps) in enumerate(self.PLAN):
            for s in range(minutes * 60):
                n = pps // 2 + s % 20 // 4
                for pot in POTS:
                    yield (self.begin + datetime.timedelta(minutes=begin, seconds=s), 1, pot, {
                        'victim': victim, 'vector': vector, 'port': port, 'packets': n, 'bytes': n * 40, 'request_len': 40, 'payload': f'{i:016x}',
                        'victim_port': 4444, 'ttl_min': 50, 'ttl_max': 60, 'ttl_count': 9, **({'names': [f'{n} {name}']} if name else {})})

    def tell(self):
        """Minute by minute, with a report of each, and a last one by which the attacks are over."""
        pots = {p: subprocess.Popen([FEEDER, f'{self.base}/data/bus.sock', p], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for p in POTS}
        hits = list(self.hits())
        last = max(h[0] for h in hits) + datetime.timedelta(minutes=3)
        minutes = {h[0].replace(second=0) for h in hits} | {last}
        told = hits + [(at, 0, pot, {'source': 'honeypot', 'version': '0.1.0', 'clock_synced': True}) for at in minutes for pot in POTS]
        for _, minute in itertools.groupby(sorted(told, key=lambda x: x[:3]), lambda x: x[0].replace(second=0)):
            for n, (at, is_hit, pot, rec) in enumerate(minute):
                rec = {'id': f'{pot}.{at:%H%M}.{n}', 'sensor': pot, 'at': text(at), 'site_country': POTS[pot], **({'from': text(at), 'to': text(at)} if is_hit else {}), **rec}
                pots[pot].stdin.write(f'{"hit" if is_hit else "health"} {json.dumps(rec)}\n')
            for p in pots.values():
                p.stdin.write('flush\n')
                p.stdin.flush()
            for p in pots.values():
                p.stdout.readline()
        for p in pots.values():
            p.stdin.close()
            p.wait(30)


def lookups(base):
    geo.country_mmdb(base / 'country.mmdb')
    geo.networks(base / 'asn.csv')
    return f"lookup: {{country-mmdb: '{base}/country.mmdb', asn-csv: '{base}/asn.csv', label: 'made geography'"


def made_day(base):
    """The settings of a run that plays it. What a made day needs of the engines stands in data/demo/demo.yaml."""
    code, _, err = practice('gen', 'demo', '--out', base / 'gen', '--hours', HOURS, '--rate', RATE, '--start', DAY)
    if code:
        sys.exit(f'practice gen: {err}')
    rows = [f"  - {{name: {s}, country: {cc}, prefixes: [198.18.{net}.0/20], files: '{base}/gen/{s}.pcap'}}" for s, (cc, net) in SENSORS.items()]
    tuning = (ROOT / 'data/demo/demo.yaml').read_text().partition('\n# ---- ')[2].partition('\n')[2]
    return (lookups(base) + f", lists: ['made-survey@2026-06-17={base}/gen/survey-scanners.txt'], list-expiry: 3650d}}\nsensors:\n" + '\n'.join(rows) +
            '\nepisode: {gap: 60s, lateness: 70s}\n' + tuning.partition('\nepisode:')[0])


def marx(base, path):
    """Replayed into the store of a portal that begins afterwards."""
    files = []
    with gzip.open(path, 'rt') as f:
        rows = csv.reader(f)
        head = next(rows)
        few = [r for r in rows if MARX_FROM <= r[0] < MARX_TO and r[1] in MARX]
    for s in MARX:
        files.append(base / f'{s}.csv')
        with files[-1].open('w') as to:
            csv.writer(to).writerows([head, *(r for r in few if r[1] == s)])
    (base / 'data').mkdir()
    code, _, err = practice('replay', '--quiet', '--store', base / 'data/store', *(f'{f.stem}={f}' for f in files))
    if code:
        sys.exit(f'practice replay: {err}')


def asked(store, *words):
    code, out, err = practice('query', *words, '--json', '--store', store)
    if code:
        sys.exit(f'practice query {words}: {err}')
    return [json.loads(x) for x in out.splitlines()]


def facts(store, begin, end):
    """What the store holds of a time, by the command line."""
    span = (f'from={begin}', f'to={end}')
    return {'from': begin, 'to': end, 'ports': asked(store, 'top', 'by=port', *span, 'limit=5'), 'countries': asked(store, 'top', 'by=country', *span, 'limit=5'),
            'senders': asked(store, 'top', 'by=src', *span, 'limit=3'), 'sensors': asked(store, 'sensors'), 'alerts': asked(store, 'alerts', *span, 'limit=1000'),
            'groups': [f for f in asked(store, 'findings', *span, 'limit=10000') if f['key'].startswith('group:')],
            'risks': [f for f in asked(store, 'findings', *span, 'limit=10000') if f['kind'] == 'risk-port'],
            'episodes': asked(store, 'episodes', *span, 'limit=1000')}


def wait(site, what, seconds=60):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end or any(p.poll() is not None for p in site.children):
            sys.exit('the day does not come: ' + site.logs()[-3000:])
        time.sleep(0.1)


def day_is_told(site):
    """All captures are played, and all that is said of them is in the store."""
    wait(site, lambda: 'all captures have been played' in site.logs())
    Attacks(site.base).tell()
    store = site.base / 'data/store'

    def complete():
        alerts = {a['key']: a['state'] for a in asked(store, 'alerts', 'limit=1000')}
        return LAST <= set(alerts) and [s for k, s in alerts.items() if k.startswith('drdos:')] == ATTACKS * ['close']

    wait(site, complete)


def site_facts(name, site, home, begin, end):
    return {'name': name, 'home': home, 'url': f'http://127.0.0.1:{site.port}/', **facts(site.base / 'data/store', begin, end)}


needs()
with tempfile.TemporaryDirectory(prefix='practice-day-') as d, contextlib.ExitStack() as open_sites:
    base, log = pathlib.Path(d), shared('data/darknet/marx_2013_honeypot_geo.csv.gz')
    day = open_sites.enter_context(Site(conf=made_day(base), scope='*', start=('run',)))
    day_is_told(day)
    sites = [site_facts('day', day, 'JP', f'{DAY}T00:00:00Z', f'{DAY}T{HOURS + 1:02}:00:00Z')]  # what ended at the end is told a little later
    if log:
        old = Site(conf=lookups(base) + '}\n', scope='*')
        marx(old.base, log)
        open_sites.enter_context(old)
        sites.append(site_facts('marx', old, 'groucho-tokyo', '2013-08-07T00:00:00Z', '2013-08-08T01:00:00Z'))
    else:
        print('# no Marx data beside the checkout (data/darknet/): the made day only')
    (base / 'sites.json').write_text(json.dumps(sites))
    done = subprocess.run(['node', ROOT / 'tests/browser/day.mjs', sites[0]['url'], base / 'sites.json'], timeout=500, env={**os.environ, 'PRACTICE_SOURCE': str(ROOT)})
sys.exit(done.returncode)
