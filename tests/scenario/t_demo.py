#!/usr/bin/env python3
"""The demonstration's day through the whole chain: what truth.json planted is alerted, and nothing else."""
import json
import os
import pathlib
import tempfile

from tap import ROOT, Tap, practice

t = Tap()
BASE = pathlib.Path(tempfile.mkdtemp(prefix='practice-demo-'))
GEO = pathlib.Path(os.environ.get('PRACTICE_DEPS', ROOT / '.deps')) / 'geo'


def replay(truth, out, *args):
    """The alerts of a day, with the demonstration's settings but for its paths and sensors."""
    text = (ROOT / 'data/demo/demo.yaml').read_text()
    tuning = text[text.index('engine:'):]
    (BASE / 'x.yaml').write_text(f'''lookup:
  country-mmdb: {GEO}/country.mmdb
  asn-csv: {GEO}/asn.csv
  label: demo geography of 2026-06-17
  lists: ["made-survey@2026-06-17={out}/survey-scanners.txt"]
  missing-ok: yes
{tuning}''')
    files = [out / f'{s["name"]}.pcap' for s in truth['sensors']]
    st, text, err = practice('replay', '--json', '--config', BASE / 'x.yaml', *args, *files)
    t.equal(f'replay of {truth["scenario"]} ends well', st, 0)
    lines = [json.loads(line) for line in text.splitlines()]
    return [x['alert'] for x in lines if 'alert' in x], next(x['summary'] for x in lines if 'summary' in x), err


def make(scenario, *args):
    out = BASE / scenario
    st, _, err = practice('gen', scenario, '--out', out, *args)
    assert st == 0, err
    return out, json.loads((out / 'truth.json').read_text())


def overlaps(alert, plan, slack_minutes=30):
    """Same day throughout: compare minutes."""
    def minute(x):
        return int(x[8:10]) * 1440 + int(x[11:13]) * 60 + int(x[14:16])
    return minute(alert['from']) <= minute(plan['to']) + slack_minutes and \
        minute(plan['from']) <= minute(alert['to']) + slack_minutes


def keys_of(plan):
    port = f'{plan["ports"][0]}/{plan["proto"]}' if plan['what'] in ('surge-port', 'group') else ''
    if plan['what'] == 'surge-country':
        return [f'country:{plan["country"]}']
    if plan['what'] == 'surge-port':
        return [f'port:{port}']
    if plan['what'] == 'group':
        return [f'port:{port}', f'group:{port}']  # many at once, and in step
    return [f'victim:{plan["victim"]}/{plan["proto"]}'] if plan.get('counts_as_attack') else []


def floods_of(alerts):
    return {a['key'].rpartition('/')[0] for a in alerts if a['key'].startswith('victim:')}


def check_demo():
    out, truth = make('demo')
    alerts, summary, _ = replay(truth, out)
    by_key = {}
    for a in alerts:
        by_key.setdefault(a['key'], []).append(a)
    wanted = {}
    located = any(a['country'] for a in alerts)  # not without the downloaded geography
    for p in truth['planted']:
        for key in keys_of(p):
            if located or not key.startswith('country:'):
                wanted[key.replace('/icmp6', '/icmp')] = p
    found = {k.replace('/icmp6', '/icmp') for k in by_key}
    for key, plan in sorted(wanted.items()):
        t.check(f'demo: {plan["name"]} is alerted as {key}', key in found, sorted(by_key))
    t.equal('demo: nothing else is', sorted(found - set(wanted)), [])
    for key, revisions in sorted(by_key.items()):
        plan = wanted.get(key)
        if plan and 'again' not in plan['name']:
            t.check(f'demo: {plan["name"]}: at its time', any(overlaps(a, plan) for a in revisions), revisions[0])
        t.equal(f'demo: {key}: opened first, closed last', (revisions[0]['state'], revisions[-1]['state']),
                ('open', 'close'))
    game = next(p['victim'] for p in truth['planted'] if p['name'] == 'flood-game')
    t.check('demo: the flood that comes back is the same alert',
            [a['state'] for a in by_key.get(f'victim:{game}/tcp', [])].count('resume') == 1)
    arp_and_broken = sum(p['packets'] for p in truth['planted'] if p['name'] in ('arp', 'malformed'))
    t.check('demo: every packet is accounted for',
            truth['packets'] - arp_and_broken <= summary['packets'] <= truth['packets'], summary)


def check_quiet():
    out, truth = make('quiet')
    alerts, _, _ = replay(truth, out)
    t.equal('quiet: a day of background raises nothing', sorted({a['key'] for a in alerts}), [])


def check_flood():
    out, truth = make('flood')
    alerts, _, _ = replay(truth, out)
    strong = {f'victim:{p["victim"]}' for p in truth['planted'] if p.get('counts_as_attack')}
    weak = {f'victim:{p["victim"]}' for p in truth['planted'] if p.get('counts_as_attack') is False}
    found = floods_of(alerts)
    t.check(f'flood: all of {len(strong)} victims', len(strong) > 20 and strong <= found, strong - found)
    t.equal(f'flood: none of {len(weak)} that are too weak', sorted(weak & found), [])
    # A router on the way may name itself as the sender of an error; the victim is in the quote.
    t.equal('flood: no other victim', sorted(found - strong - weak), [])


check_demo()
check_quiet()
check_flood()
t.done()
