#!/usr/bin/env python3
"""`practice engine`: findings of engines alone over captures and stored flows, day by day with a state; and what the
noise engine labels in made telescopes, against what was planted."""
import json
import os
import tempfile

from tap import Tap, practice

t = Tap()


def findings(*args):
    status, out, err = practice('engine', *args, '--json')
    recs = [json.loads(line) for line in out.splitlines()]
    return status, [r['finding'] for r in recs if 'finding' in r], recs, err


status, out, _ = practice('engine', '--list')
t.check('the list names the engines', status == 0 and 'surge' in out and 'noise' in out, out)
status, out, err = practice('engine', 'nonsense', '/dev/null')
t.check('an unknown engine is refused, with the way to the list', status != 0 and '--list' in err, err)
status, out, err = practice('engine', '--json')
t.check('options without a name are refused', status == 2 and 'NAME' in err, err)
status, out, err = practice('engine', 'surge')
t.check('a name without input is refused', status == 2 and 'FILE' in err, err)

with tempfile.TemporaryDirectory() as tmp:
    made, store = os.path.join(tmp, 'made'), os.path.join(tmp, 'store')
    status, out, err = practice('gen', 'demo', '--out', made, '--hours', '6', '--rate', '20')
    t.equal('a telescope is made', status, 0)
    caps = sorted(os.path.join(made, f) for f in os.listdir(made) if '.pcap' in f)
    truth = json.load(open(os.path.join(made, 'truth.json')))

    status, one, _, err = findings('noise', *caps)
    t.check('one engine says only its own', status == 0 and one and {f['engine'] for f in one} == {'noise'}, err)
    status, both, _, err = findings('noise,backscatter', *caps)
    t.check('two say both', {f['engine'] for f in both} == {'noise', 'backscatter'}, err)
    t.check('alone it finds what it finds among others',
            [f for f in both if f['engine'] == 'noise'] == one)
    status, out, err = practice('engine', 'backscatter', *caps)
    lines = [x for x in out.splitlines() if ' backscatter ' in x and 'victim:' in x]
    n = len([f for f in both if f['engine'] == 'backscatter'])
    t.check('a table has a line for each', status == 0 and len(lines) == n > 0, out)
    status, out, err = practice('replay', *caps, '--json', '--findings')
    replayed = [json.loads(x)['finding'] for x in out.splitlines() if x.startswith('{"finding"')]
    t.check('replay says the same', [f for f in replayed if f['engine'] in ('noise', 'backscatter')] == both)
    t.check('and makes no alerts of noise', '"kind":"noise-' not in ''.join(
        x for x in out.splitlines() if x.startswith('{"alert"')))

    # In pieces, with a state between them: from a store, cut anywhere.
    practice('replay', *caps, '--store', store, '--quiet')
    whole, parts = os.path.join(tmp, 'whole'), os.path.join(tmp, 'parts')
    status, want, _, err = findings('all', '--from-store', store, '--state', whole)
    t.equal('all engines over a store', status, 0)
    got = []
    cuts = ['2026-06-18T00:00:00Z', '2026-06-18T01:13:00Z', '2026-06-18T01:14:00Z', '2026-06-18T04:40:00Z',
            '2026-06-19T00:00:00Z']
    for a, b in zip(cuts, cuts[1:]):
        status, some, _, err = findings('all', '--from-store', store, '--state', parts, '--from', a, '--to', b)
        t.equal(f'a piece from {a}', status, 0)
        got += some
    t.check('pieces say what the whole says', got == want and len(want) > 10, f'{len(got)} and {len(want)}')
    with open(parts, 'r+b') as f:
        f.seek(200)
        f.write(b'\xff\x00\xff')
    status, some, _, err = findings('all', '--from-store', store, '--state', parts)
    t.check('a damaged state is refused by name', status != 0 and 'parts' in err, err)

    # Labels against what was planted: by the list, and by what the scanners do.
    made = os.path.join(tmp, 'scan')
    practice('gen', 'scan', '--out', made)
    caps = sorted(os.path.join(made, f) for f in os.listdir(made) if '.pcap' in f)
    planted = {h: p for p in json.load(open(os.path.join(made, 'truth.json')))['planted'] for h in p.get('hosts', [])}
    want = {h: 'noise-survey' for h, p in planted.items() if p['what'] == 'survey'}
    want |= {h: 'noise-malware' for h, p in planted.items() if p.get('tool') == 'mirai'}
    config = os.path.join(tmp, 'config.yaml')
    for how, lists in (('list', f'lookup:\n  lists: ["made@2026-06-17={made}/survey-scanners.txt"]\n'), ('behaviour', '')):
        with open(config, 'w') as f:
            f.write(lists + 'engine:\n  noise:\n    say: 256\n')
        status, said, _, err = findings('noise', *caps, '--config', config)
        labels = {f['hosts'][0]: f['kind'] for f in said if f['key'].startswith('source:')}
        t.check(f'{how}: survey scanners and Mirai, all of them and nobody else', labels == want and len(want) > 80,
                f'{len(labels)} labels, {len(want)} planted, {len(labels.items() & want.items())} right; {err}')
        listed = [f for f in said if 'on the list made 2026-06-17' in f['text'] and f['key'].startswith('source:')]
        t.equal(f'{how}: evidence names the list where there is one', len(listed), 8 if lists else 0)
t.done()
