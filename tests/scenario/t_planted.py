#!/usr/bin/env python3
"""A made day of three sensors (practice gen demo): every flood and every port surge that was planted is alerted within
minutes, and nothing else is."""
import datetime
import json
import os
import tempfile

from tap import ROOT, Tap, practice

t = Tap()
with tempfile.TemporaryDirectory() as tmp:
    status, out, err = practice('gen', 'demo', '--out', tmp)
    t.equal('the day is made', status, 0)
    with open(os.path.join(tmp, 'truth.json')) as f:
        truth = json.load(f)
    files = [f"{s['name']}={tmp}/{s['name']}.pcap" for s in truth['sensors']]
    with open(ROOT / 'data/demo/demo.yaml') as f:
        text = f.read()
    conf = os.path.join(tmp, 'demo.yaml')
    with open(conf, 'w') as f:  # only the rules: this replay needs no geography and names its own files
        f.write(text[text.index('engine:'):])
    status, out, err = practice('replay', '--json', '--config', conf, *files)
    other = practice('replay', '--json', '--config', conf, '--threads', '3', *files)[1]
recs = [json.loads(line) for line in out.splitlines()]
alerts = [r['alert'] for r in recs if 'alert' in r]
summary = recs[-1]['summary']
t.equal('replay succeeds', status, 0)
t.check('three threads say the same', out == other)
t.check('event time stays within the day', summary['last'] <= truth['to'], summary)


def when(s):
    return datetime.datetime.fromisoformat(s[:19])


def wanted(p):
    """Keys and minutes within which each must be said."""
    if p['what'] in ('surge-port', 'group'):
        port = f"{p['ports'][0]}/{p['proto']}"
        in_step = [(f'group:{port}', 21)] if p['what'] == 'group' else []
        return [(f'port:{port}', 11)] + in_step
    minutes = (when(p['to']) - when(p['from'])).total_seconds() / 60
    if p['what'] == 'backscatter' and p['packets'] / minutes >= 40:  # flood-weak: 7 a minute
        return [(f"victim:{p['victim']}/{p['proto']}", 4)]
    return []


keys = set()
for p in truth['planted']:
    for key, within in wanted(p):
        keys.add(key)
        starts = [when(a['at']) for a in alerts if a['key'] == key and a['state'] in ('open', 'resume')]
        late = [(s - when(p['from'])).total_seconds() / 60 for s in starts]
        t.check(f"{p['name']}: {key} is said within {within} minutes", any(0 <= x <= within for x in late), late)
t.check('floods and surges were planted', len(keys) >= 9, sorted(keys))
t.equal('nothing else is alerted', sorted({a['key'] for a in alerts} - keys), [])
t.done()
