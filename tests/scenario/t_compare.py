#!/usr/bin/env python3
"""A made day of four sensors (practice gen abroad): who saw which wave first, by how much, and what is not yet at home,
held against the truth file; senders in common held against brute force over the flows."""
import collections
import datetime
import itertools
import json
import os
import tempfile

from tap import ROOT, Tap, practice

t = Tap()


def when(s):
    return datetime.datetime.fromisoformat(s[:19])


def lines(*args):
    status, out, err = practice('compare', *args, '--json')
    recs = [json.loads(line) for line in out.splitlines()]
    return [[r[k] for r in recs if k in r] for k in ('sensor', 'pair', 'story', 'abroad_port')], err


def day(tmp, seed):
    out, store = os.path.join(tmp, f'day{seed}'), os.path.join(tmp, f'store{seed}')
    practice('gen', 'abroad', '--seed', str(seed), '--out', out)
    with open(os.path.join(out, 'truth.json')) as f:
        truth = json.load(f)
    files = [f"{s['name']}={out}/{s['name']}.pcap" for s in truth['sensors']]
    with open(ROOT / 'data/demo/demo.yaml') as f:
        text = f.read()
    conf = os.path.join(tmp, 'demo.yaml')
    with open(conf, 'w') as f:
        f.write(''.join(f"{'sensors:' if i == 0 else ''}\n  - name: {s['name']}\n    country: {s['country']}\n"
                        for i, s in enumerate(truth['sensors'])) + text[text.index('engine:'):])
    status, _, err = practice('replay', '--quiet', '--config', conf, '--store', store, *files)
    t.equal(f'seed {seed}: the day is stored', status, 0)
    return truth, store, conf


def first_seen(truth):
    """port -> sensor -> the wave's first packet there; what the plans have in common is one story."""
    waves = collections.defaultdict(dict)
    for p in truth['planted']:
        if p['what'] == 'event':
            waves[f"port:{p['ports'][0]}/{p['proto']}"].update(p['first_by_sensor'])
    return waves


def check_stories(seed, truth, stories):
    waves = first_seen(truth)
    stories = {s['key']: s for s in stories}
    for key, sensors in waves.items():
        s = stories.get(key)
        if not t.check(f'seed {seed}: {key} is a story', s, sorted(stories)):
            continue
        t.equal(f'seed {seed}: {key} rose where it was sent', sorted(s['onset']), sorted(sensors))
        off = {n: abs((when(s['onset'][n]) - when(at)).total_seconds()) for n, at in sensors.items() if n in s['onset']}
        t.check(f'seed {seed}: {key} rose when it was sent, within three minutes', max(off.values()) <= 180, off)
        t.equal(f'seed {seed}: {key} abroad only', s['abroad_only'], 'tokyo' not in sensors)
    for key in stories.keys() - waves.keys():
        t.equal(f'seed {seed}: {key} was not sent and rose nowhere', stories[key]['onset'], {})


def check_senders(store, pairs, sensors):
    seen = collections.defaultdict(set)
    for line in practice('query', 'cells', 'by=sensor,src', 'limit=1000000', '--json', '--store', store)[1].splitlines():
        r = json.loads(line)
        seen[r['sensor']].add(r['src'])
    t.equal('senders of each sensor', {s['name']: s['senders'] for s in sensors}, {k: len(v) for k, v in seen.items()})
    for p in pairs:
        a, b = seen[p['a']], seen[p['b']]
        t.equal(f"senders of {p['a']} and {p['b']}", (p['shared'], p['either'], p['error']), (len(a & b), len(a | b), 0))
        t.check('their Jaccard', abs(p['jaccard'] - len(a & b) / len(a | b)) < 1e-12, p)


with tempfile.TemporaryDirectory() as tmp:
    truth, store, conf = day(tmp, 1)
    (sensors, pairs, stories, ports), err = lines('--store', store, '--config', conf, '--home', 'JP')
    t.equal('who is at home', [s['name'] for s in sensors if s['home']], ['tokyo'])
    t.equal('every pair once', [(p['a'], p['b']) for p in pairs],
            list(itertools.combinations(sorted(s['name'] for s in truth['sensors']), 2)))
    check_stories(1, truth, stories)
    check_senders(store, pairs, sensors)
    t.check('the port that rises abroad, and no other than those planted', '53413/udp' in {p['port'] for p in ports} and
            {p['port'] for p in ports} <= {'53413/udp', '60001/tcp'}, ports)
    p = next(p for p in pairs if (p['a'], p['b']) == ('frankfurt', 'tokyo'))
    t.equal('frankfurt and tokyo: three stories, each ahead once', (p['stories'], p['a_first'], p['b_first']), (3, 1, 1))
    t.check('frankfurt and tokyo: lags', abs(p['lag_median_s']) <= 120 and p['lag_lower_s'] < 0 < p['lag_upper_s'], p)
    by_name = lines('--store', store, '--home', 'tokyo')[0]
    t.equal('a sensor by its name is as good', by_name[2:], [stories, ports])
    status, page, err = practice('compare', '--store', store, '--home', 'tokyo')
    for words in ('WHO SEES IT FIRST', 'SENDERS IN COMMON', 'SEEN ABROAD, NOT YET AT HOME', '53413/udp', '+1 h 30 min'):
        t.check(f'the page says {words!r}', words in page, page + err)
    status, page, err = practice('compare', '--store', store)
    t.check('without a home: said', status == 0 and 'Who is at home is not known' in page, page + err)
    status, page, err = practice('compare', '--store', store, '--home', 'FR')
    t.check('a home without a sensor: refused', status == 1 and '"FR"' in err, err)
    truth, store, conf = day(tmp, 2)
    check_stories(2, truth, lines('--store', store, '--home', 'tokyo')[0][2])
t.done()
