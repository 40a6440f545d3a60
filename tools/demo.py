#!/usr/bin/env python3
"""What `./dev run` shows: a made day of three sensors, or the captures given, played at high speed through every role;
beside the made day two honeypots on loopback, which a small demo attack reaches while you look (demo_attack.py).
Usage: demo.py PRACTICE [FILE...]"""
import datetime
import gzip
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HERE = pathlib.Path(os.environ.get('PRACTICE_DEMO', ROOT / 'work/demo')).resolve()
SECONDS = 180  # how long a show should take
SHORT = 15  # ... of a capture that is short itself: nobody waits a minute for its minute to end
OFFSET = int(os.environ.get('PRACTICE_DEMO_OFFSET', 20000))  # of the honeypots' ports: nobody needs to be root
POTS = (('osaka', 'JP', '127.0.0.1'), ('oslo', 'NO', '127.0.0.2'))
PAGE = os.environ.get('PRACTICE_LISTEN', '127.0.0.1:8640')
practice, files = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]


def say(text=''):
    print(text, flush=True)


def span(path):
    """Seconds from the first to the last packet of a classic capture file; 0: another format."""
    first = last = None
    with open(path, 'rb') as raw:
        packed = raw.read(2) == b'\x1f\x8b'
        raw.seek(0)
        with (gzip.open(raw) if packed else raw) as f:
            head = f.read(24)
            order = {b'\xd4\xc3\xb2\xa1': '<', b'\x4d\x3c\xb2\xa1': '<', b'\xa1\xb2\xc3\xd4': '>',
                     b'\xa1\xb2\x3c\x4d': '>'}.get(head[:4])
            while order:
                record = f.read(16)
                if len(record) < 16:
                    break
                second, _, length, _ = struct.unpack(order + 'IIII', record)
                first = second if first is None else min(first, second)
                last = second if last is None else max(last, second)
                if length > 262144 or not f.seek(length, 1):
                    break
    return (last - first) if first is not None else 0


def made():
    say('Making a day of three sensors (nobody sent these packets; truth.json beside them says what is in them).')
    # Yesterday's, so that what the honeypots see now comes after it.
    day = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)).strftime('%Y-%m-%d')
    subprocess.run([practice, 'gen', '--start', day, '--out', HERE], check=True, stdout=subprocess.DEVNULL)
    truth = json.loads((HERE / 'truth.json').read_text())
    sensors = [{'name': s['name'], 'country': s['country'], 'prefixes': s['prefixes'],
                'files': [str(HERE / f'{s["name"]}.pcap')], 'speed': 86400 / SECONDS} for s in truth['sensors']]
    lists = [f'acknowledged@{day}={HERE / "survey-scanners.txt"}']
    return sensors, lists, 86400


def given():
    paths = [pathlib.Path(f).resolve() for f in files]
    for p in paths:
        if not p.is_file():
            say(f'./dev run: {p}: no such file')
            sys.exit(3)
    try:
        length = sum(span(p) for p in paths)
    except (OSError, EOFError, struct.error):
        length = 0  # practice itself will say what is wrong with the file
    speed = max(1, length / (SHORT if length < SECONDS else SECONDS)) if length else 0
    return [{'name': 'captures', 'files': [str(p) for p in paths], 'speed': speed}], [], length


def settings(sensors, lists):
    """YAML is a superset of JSON, so lists and texts are written as JSON."""
    deps = pathlib.Path(os.environ.get('PRACTICE_DEPS', ROOT / '.deps')) / 'geo'
    lines = ['run:', f'  data: {json.dumps(str(HERE / "data"))}', 'portal:', f'  listen: {json.dumps(PAGE)}', 'lookup:',
             '  missing-ok: yes']
    for key, name in (('country-mmdb', 'country.mmdb'), ('asn-csv', 'asn.csv')):
        if (deps / name).is_file():
            lines.append(f'  {key}: {json.dumps(str((deps / name).resolve()))}')
    date = next((d.name for d in deps.glob('20??-??-??')), None)
    if date:
        lines.append(f'  label: demo geography of {date}')
    if lists:
        lines += [f'  lists: {json.dumps(lists)}', '  list-expiry: 3650d']  # a made list does not grow old
    lines.append('sensors:')
    for s in sensors:
        for i, (key, value) in enumerate(s.items()):
            lines.append(f'  {"-" if i == 0 else " "} {key}: {json.dumps(value)}')
    if not files:
        lines += ['honeypots:']
        for name, country, address in POTS:
            own = [address, '::1'] if address == POTS[0][2] else [address]
            lines += [f'  - name: {name}', f'    country: {country}', f'    listen: {json.dumps(own)}',
                      f'    port-offset: {OFFSET}', '    flows: 4096', '    receive-buffer: 1MiB']
    tuning = '' if files else (ROOT / 'data/demo/demo.yaml').read_text().partition('\n# ---- ')[2].partition('\n')[2]
    return '\n'.join(lines) + '\n' + tuning


if HERE != ROOT / 'work/demo' and HERE.is_dir() and any(HERE.iterdir()) and not (HERE / 'practice.yaml').is_file():
    say(f'./dev run: {HERE} holds something else than an earlier run')
    sys.exit(3)
shutil.rmtree(HERE, ignore_errors=True)
HERE.mkdir(parents=True)
sensors, lists, length = given() if files else made()
config = HERE / 'practice.yaml'
config.write_text(settings(sensors, lists))
speed = sensors[0]['speed']
pace = f'{speed:.0f} times as fast as it happened' if speed > 1 else 'as it happened' if speed else 'at full speed'


def short(path):
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


say(f'''
Playing {"the made day (yesterday's)" if not files else "your captures"} {pace}, through every role of PRACTICE:
sensors mark packets and make flow batches, engines find, alerts open and close, everything is stored.
The settings of this run are in {short(config)}; practice is {short(practice)}.
Every alert is also a JSON line in {short(HERE)}/data/notify/jsonl/alerts.jsonl.''')
if not files:
    say(f'''
Beside it, in real time, two honeypots on this machine ({", ".join(p[0] for p in POTS)}) wait for amplification attacks.
A few seconds after they listen a small demo attack reaches them, from this machine to this machine only.
Whom it hits belongs to two made-up providers; each gets a letter at its start and at its end, one in English,
one in Japanese, in {short(HERE)}/data/notify/mbox/alerts.mbox: open it with any mail reader, or less.''')
    attack = [sys.executable, ROOT / 'tools/demo_attack.py', str(OFFSET), PAGE.rpartition(':')[2], *(f'{p[0]}={p[2]}' for p in POTS)]
    subprocess.Popen(attack, stdin=subprocess.DEVNULL)
say()
os.execv(practice, [str(short(practice)), 'run', '--config', str(config)])
