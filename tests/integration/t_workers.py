#!/usr/bin/env python3
"""Engines in several processes: the findings and alerts of one process, also when workers are killed; and workers with
sensors of their own."""
import json
import os
import shutil
import tempfile
import time

from tap import Tap, practice
from whole_run import SENSORS, Run, capture, same, without_deltas

BY_ENGINE = '''
workers:
  - name: floods
    engines: backscatter
  - name: surges
    engines: [surge, riskport]
  - name: groups
    engines: [glasso, nmf, tensor, noise]
'''
BY_SENSOR = '''
workers:
  - name: east
    sensors: tokyo
  - name: west
    sensors: [oslo, lima]
'''


def state(records):
    return {k: records[k] for k in ('findings', 'alerts')}


def by_engine(t, base, want):
    run = Run(base, 'split', 0, conf=BY_ENGINE)
    t.equal('three workers: the run ends by itself', run.wait(), 0)
    same(t, '... with the very findings and alerts of one process', state(run.records()), state(want))
    run = Run(base, 'killed', 240, conf=BY_ENGINE)
    time.sleep(1)
    killed = []
    for name in ('engine.floods', 'engine.groups', 'alert', 'engine.surges', 'engine.floods'):
        pid = run.roles().get(name)
        if pid:
            os.kill(pid, 9)
            killed.append(name)
        time.sleep(0.7)
    t.equal('workers are killed while they work', len(killed), 5)
    t.equal('... the run ends by itself', run.wait(), 0)
    same(t, '... the same records', without_deltas(run.records()), without_deltas(want))


def by_sensor(t, base):
    run = Run(base, 'groups', 0, conf=BY_SENSOR)
    t.equal('workers with sensors of their own: the run ends by itself', run.wait(), 0)
    rows = [json.loads(x) for x in run.records()['findings']]
    flood = [f for f in rows if f['key'] == 'victim:203.0.113.9/tcp']
    t.equal('each says what its sensors saw',
            sorted({(f['part'], s) for f in flood for s in f['sensors']}),
            [('east', 'tokyo'), ('west', 'lima'), ('west', 'oslo')])
    t.equal('... and no finding is taken for the other\'s', len({f['id'] for f in rows}), len(rows))
    alerts = [json.loads(x) for x in run.records()['alerts']]
    one = {a['id'] for a in alerts if a['key'] == 'victim:203.0.113.9/tcp'}
    last = max((a for a in alerts if a['id'] in one), key=lambda a: a['revision'])
    t.check('it is one alert, of all sensors', len(one) == 1 and sorted(last['sensors']) == sorted(SENSORS), alerts)


def refused(t, base):
    for what, conf, word in (('two of one name', 'workers:\n  - name: a\n  - name: a\n', 'two workers are called a'),
                             ('an engine that is none', 'workers:\n  - name: a\n    engines: [surge, crystal]\n', '"crystal"'),
                             ('a bad name', 'workers:\n  - name: ../a\n', 'a-z, 0-9 and -')):
        run = Run(base, 'refused', 0, conf=conf)
        t.check(f'{what} is refused with a word', run.wait() != 0 and word in run.log(), run.log()[-500:])
        path = f'{base}/refused.yaml'
        st, _, err = practice('check-config', path)
        t.check('... by check-config too', st != 0 and word in err, err)
    st, _, err = practice('engine', '--worker', 'b', '--data', f'{base}/refused')
    t.check('a worker of no settings', st != 0 and 'no worker b' in err, err)


def main():
    t = Tap()
    base = tempfile.mkdtemp(prefix='practice-workers-')
    os.chmod(base, 0o755)
    try:
        for i, s in enumerate(SENSORS):
            capture(f'{base}/{s}.pcap', i, f'10.{i}.0')
        calm = Run(base, 'one', 0)
        t.equal('one process: the run ends by itself', calm.wait(), 0)
        want = calm.records()
        t.check('it finds things', len(want['findings']) > 3 and len(want['alerts']) > 0, want['alerts'][:2])
        by_engine(t, base, want)
        by_sensor(t, base)
        refused(t, base)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    t.done()


main()
