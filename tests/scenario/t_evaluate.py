#!/usr/bin/env python3
"""`practice evaluate`: a few seeds for tuning, so that the scored ones stay unseen; the instrument, not the score."""
import json

from tap import Tap, practice

t = Tap()
BRIEF = ('--tune', '--seeds', '2', '--warm-up', '1d', '--quiet')
SHORT = (*BRIEF, '--history', '1d')
QUICK = (*BRIEF, '--history', '15d')


def table(*args):
    st, out, err = practice('evaluate', *args)
    t.equal(f'evaluate {" ".join(args)} ends well', (st, err), (0, ''))
    return out


one = table('thin', '--engines', 'backscatter', *SHORT, '--json', '--jobs', '1')
two = table('thin', '--engines', 'backscatter', *SHORT, '--json', '--jobs', '3')
t.check('the same bytes whatever the number of processes', one == two, one[:500] + two[:500])
out = table('surges', '--engines', 'surge,backscatter', *QUICK, '--json')
r = json.loads(out)
t.equal('it says whose seeds these are', r['seeds'], 'tuning')
rows = {e['event']: e for e in r['events']}
for event in ('flood-slow', 'flood-fast'):
    t.equal(f'{event}: found in every seed', rows[event]['backscatter']['found'], 2)
    t.check(f'{event}: within ten minutes', rows[event]['backscatter']['delay_s'] < 600, rows[event])
for event in ('port-200', 'port-udp-200', 'country-300'):
    t.equal(f'{event}: found in every seed', rows[event]['surge']['found'], 2)
t.check('the ensemble finds what any engine finds',
        all(e['ensemble']['found'] >= max(e['surge']['found'], e['backscatter']['found']) for e in r['events']), out)
lo, hi = rows['port-200']['surge']['recall']
t.check('recall comes with an interval', 0.3 < lo < 0.4 and hi == 1, (lo, hi))
t.equal('no false alarms', [r['all'][w]['false'] for w in ('ensemble', 'surge', 'backscatter')], [0, 0, 0])
t.equal('two days were watched', r['all']['days'], 2)

text = table('groups', '--engines', 'backscatter', *SHORT, '--markdown')
t.check('the document names the seeds', '| groups | 10001–14999 | 10001–10002 (tuning!) | 2 |' in text, text)
for words in ('| 1–19 | 2 |', '| 1000 and more | 2 |', '| all, were these false too | 0.7 |', '## Cost'):
    t.check(f'the document says "{words}"', words in text, text)

for engine in ('nmf', 'tensor'):  # glasso compares with days of history: too long for a test
    if practice('help', f'engine.{engine}')[0] == 0:
        r = json.loads(table('groups', '--engines', engine, *SHORT, '--json'))
        rows = {e['event']: e for e in r['events']}
        t.equal(f'{engine}: finds groups of 250 hosts', rows['group-250'][engine]['found'], 2)
        t.equal(f'{engine}: and nothing else', r['all'][engine]['false'], 0)

for args in (('--engines', 'surge'), ('--config', 'x'), ('--slack', '2h'), ('--warm-up', '1d'), ('--min-level', '1')):
    st, out, err = practice('evaluate', 'groups', *args)
    t.check(f'scored seeds with {args[0]} are refused', st == 2 and 'goes with --tune' in err, err)
st, out, err = practice('evaluate', 'demo')
t.check('a scenario without seeds is refused', st == 2 and 'no seeds for a scenario "demo"' in err, err)
t.done()
