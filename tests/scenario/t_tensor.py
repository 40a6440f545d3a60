#!/usr/bin/env python3
"""The tensor engine on a made day of three sensors: the group that was planted, while it was there, and nothing else;
on a quiet day nothing at all. Any seed of its own randomness says the same port at the same times."""
import datetime
import json
import pathlib
import tempfile

from tap import Tap, practice

t = Tap()
TMP = tempfile.TemporaryDirectory()
SLOT = datetime.timedelta(minutes=10)


def time(text):
    return datetime.datetime.fromisoformat(text[:19])


def findings(scenario, *args):
    files = sorted(str(f) for f in (pathlib.Path(TMP.name) / scenario).glob('*.pcap'))
    st, out, err = practice('replay', '--json', '--findings', '--quiet', '--engines', 'tensor', *args, *files)
    t.equal(f'{scenario} {" ".join(args)}: replayed', (st, err), (0, ''))
    return [r['finding'] for r in map(json.loads, out.splitlines()) if 'finding' in r]


for name in 'demo', 'quiet':
    st, _, err = practice('gen', name, '--out', pathlib.Path(TMP.name) / name)
    t.equal(f'gen {name} ends well', (st, err), (0, ''))
truth = json.loads((pathlib.Path(TMP.name) / 'demo' / 'truth.json').read_text())
group, = [p for p in truth['planted'] if p['what'] == 'group']
begins, ends = time(group['from']), time(group['to'])

for seed in '1', '2', '3':
    found = findings('demo', '--seed', seed)
    on = [f for f in found if f['state'] == 'on']
    off = [f for f in found if f['state'] == 'off']
    t.equal('only the planted port, as a group in step', {(f['key'], f['kind']) for f in found},
            {('group:52869/tcp', 'sync-group')})
    t.check('first told within two slots of its beginning', begins < time(on[0]['at']) <= begins + 2 * SLOT)
    t.check('and not after its end', time(on[-1]['at']) <= ends + SLOT)
    t.equal('it ends once', len(off), 1)
    t.check('all that is claimed lies in its time', all(begins - SLOT / 10 <= time(f['from']) and time(f['to']) <= ends + SLOT / 10
                                                    for f in found))
    t.check('all three sensors see it', any(len(f['sensors']) == 3 for f in on))
t.equal('a quiet day has no group', findings('quiet'), [])
t.done()
