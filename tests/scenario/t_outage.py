"""Trouble at one of several sensors is nobody's group, surge, risk or flood: made telescopes are played as they are, and then with a
sensor that was away, lost packets evenly or in bursts, or had its clock set ahead (set back: test_sensor_clock.c, which knows the
live sensor's own clock). What is found must not be more; what other sensors see must still be found."""
import json
import pathlib
import random
import struct
import tempfile

from tap import Tap, practice

MIN = 60
t = Tap()


def packets(path):
    """header, [(seconds, microseconds, the rest of the record)]"""
    data = path.read_bytes()
    rows, at = [], 24
    while at < len(data):
        s, us, n = struct.unpack_from('<III', data, at)
        rows.append((s, us, data[at + 8:at + 16 + n]))
        at += 16 + n
    return data[:24], rows


def write(path, header, rows):
    path.write_bytes(header + b''.join(struct.pack('<II', s, us) + rest for s, us, rest in rows))


def away(rows, start, first, last):
    return [r for r in rows if not first * MIN <= r[0] - start < last * MIN]


def lossy(rows, start, first, last, share):
    rng = random.Random(5)
    return [r for r in rows if not first * MIN <= r[0] - start < last * MIN or rng.random() >= share]


def bursts(rows, start, first, last):
    """A queue that runs over: three seconds of every ten are lost."""
    return [r for r in rows if not first * MIN <= r[0] - start < last * MIN or r[0] % 10 >= 3]


def stepped(rows, start, first, by):
    return [(s + by, us, rest) if s - start >= first * MIN else (s, us, rest) for s, us, rest in rows]


TROUBLES = {
    'away for 10 min': lambda rows, s: away(rows, s, 50, 60),
    'away for 45 min': lambda rows, s: away(rows, s, 43, 88),
    'away for minutes again and again': lambda rows, s: [r for r in rows if (r[0] - s) // MIN % 7 not in (2, 3)],
    'loses 40 % for 40 min': lambda rows, s: lossy(rows, s, 40, 80, 0.4),
    'loses in bursts': lambda rows, s: bursts(rows, s, 40, 80),
    'clock set ahead by 5 min': lambda rows, s: stepped(rows, s, 65, 300),
}


def opened(files):
    st, out, err = practice('replay', '--json', *files, timeout=300)
    if st != 0:
        return {f'replay says {st}: {err}': []}
    alerts = [json.loads(x)['alert'] for x in out.splitlines() if x.startswith('{"alert"')]
    return {a['key']: a['sensors'] for a in alerts}


def trial(scenario, *more):
    """The alerts of a made telescope as it is, and with each trouble at one of its sensors: {trouble: {key: sensors}}."""
    with tempfile.TemporaryDirectory() as base:
        base = pathlib.Path(base)
        practice('gen', scenario, '--out', base / 'made', '--hours', '2', *more)
        files = sorted((base / 'made').glob('*.pcap'))
        header, rows = packets(files[0])
        start = rows[0][0]
        out = {'': opened(files)}
        hurt = base / files[0].name
        for name, change in TROUBLES.items():
            write(hurt, header, change(rows, start))
            out[name] = opened([hurt, *files[1:]])
        return files[0].stem, out


def quiet():
    _, said = trial('quiet', '--sensors', '2')
    t.equal('nothing is planted, nothing is found', said.pop(''), {})
    for name, found in said.items():
        t.equal(f'nothing is planted; a sensor {name}', found, {})


def groups():
    hurt, said = trial('groups')
    whole = said.pop('')
    t.check('groups are found', len([k for k in whole if k.startswith('group:')]) >= 2, whole)
    for name, found in said.items():
        t.equal(f'no group out of nothing: a sensor {name}', sorted(set(found) - set(whole)), [])
        t.equal(f'what others see is found: a sensor {name}',
                sorted(k for k, sensors in whole.items() if sensors != [hurt] and k not in found), [])


quiet()
groups()
t.done()
