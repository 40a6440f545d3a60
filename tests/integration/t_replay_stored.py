#!/usr/bin/env python3
"""A replay from a store says what the replay of the captures said, byte for byte: from the log and from segments, for a
span and for one sensor, while another process has the store open, with any number of threads."""
import csv
import gzip
import json
import pathlib
import subprocess
import tempfile
import time

from tap import PRACTICE, Tap, practice, shared

t = Tap()
COMPACT = 'store:\n  embedded:\n    small-rows: 0\n    flush-rows: 1000\n'


def said(*args):
    """Findings and alerts as they were printed; the summary names files, and is looked at apart."""
    code, out, err = practice('replay', '--json', '--findings', *args, timeout=250)
    lines = out.splitlines()
    if code != 0 or not lines:
        return [f'exit {code}: {err}']
    summaries.append(json.loads(lines[-1])['summary'])
    return lines[:-1]


def refused(what, status, word, *args):
    code, out, err = practice('replay', *args)
    t.check(what, code == status and word in err and len(err.splitlines()) == 1 and out == '', (code, out, err))


def same_totals(a, b):
    return all(a[k] == b[k] for k in ('packets', 'flows', 'batches', 'findings', 'alerts', 'first', 'last'))


def made(dir):
    """Two days of three sensors; the second day in captures of its own."""
    days = []
    for day, seed in (('2026-06-18', 1), ('2026-06-19', 2)):
        code, _, err = practice('gen', 'demo', '--out', dir / day, '--hours', '6', '--rate', '2', '--start', day, '--seed', seed)
        t.check(f'a made day {day}', code == 0, err)
        days.append(sorted((dir / day).glob('*.pcap')))
    return days


def segments(store):
    return len(list((store / 'flows').glob('*.parquet')))


def packets_kept(dir, file, name):
    """A replay keeps as many packets as the settings have it of that sensor, of others sixty a minute."""
    kept = {}
    for row, n in ((name, 0), (name, 2), ('elsewhere', 0)):
        conf, store = dir / f'{row}{n}.yaml', dir / f'packets-{row}{n}'
        conf.write_text(f"sensors:\n  - {{name: {row}, files: '{file}', samples-per-minute: {n}}}\n")
        code, _, err = practice('replay', '--quiet', '--config', conf, '--store', store, f'{name}={file}', timeout=100)
        lines = practice('query', '--store', store, '--json', 'packets', 'limit=100000')[1].splitlines() if code == 0 else [err]
        kept[row, n] = [json.loads(x)['at'][:16] for x in lines]
    t.equal('none, when that is said', kept[name, 0], [])
    most = max(kept[name, 2].count(m) for m in set(kept[name, 2]))
    t.check('two a minute', most == 2, most)
    t.check('as by default, when it is said of another', len(kept['elsewhere', 0]) > len(kept[name, 2]), len(kept['elsewhere', 0]))


def from_a_store(dir):
    first, second = made(dir)
    store = dir / 'store'
    files = said('--store', store, *first)
    t.check('the captures give alerts', sum('"alert"' in line for line in files) > 3, files)
    t.equal('nothing has been compacted', segments(store), 0)
    t.equal('from the log: the same bytes', said('--from-store', store), files)
    t.check('and the same totals', same_totals(summaries[0], summaries[-1]), (summaries[0], summaries[-1]))
    t.equal('four threads: the same bytes', said('--from-store', store, '--threads', '4'), files)
    one = [f for f in first if 'tokyo' in f.name]
    packets_kept(dir, one[0], 'tokyo')
    tokyo = said(*one)
    t.check('one sensor alone gives alerts', tokyo and tokyo != files, tokyo)
    t.equal('one sensor from the store: the same bytes', said('--from-store', store, '--sensor', 'tokyo'), tokyo)
    t.equal('two sensors', said('--from-store', store, '--sensor', 'tokyo', '--sensor', 'frankfurt'),
            said(*[f for f in first if 'saopaulo' not in f.name]))
    t.equal('one engine only', said('--from-store', store, '--engines', 'backscatter'), said('--engines', 'backscatter', *first))

    (dir / 'compact.yaml').write_text(COMPACT)
    next_day = said('--store', store, '--config', dir / 'compact.yaml', *second)
    t.check('now there are segments', segments(store) >= 6, segments(store))
    t.equal('from segments: the same bytes', said('--from-store', store, '--to', '2026-06-19'), files)
    t.check('and the same totals', same_totals(summaries[0], summaries[-1]), (summaries[0], summaries[-1]))
    t.equal('one sensor from segments', said('--from-store', store, '--to', '2026-06-19', '--sensor', 'tokyo'), tokyo)
    t.equal('the second day alone', said('--from-store', store, '--from', '2026-06-19'), next_day)
    hour = said('--from-store', store, '--from', '2026-06-18T02:00:00Z', '--to', '2026-06-18T03:00:30Z')
    t.check('one hour: its own minutes', summaries[-1]['first'] == '2026-06-18T02:00:00Z' and
            summaries[-1]['last'] == '2026-06-18T03:00:00Z', summaries[-1])
    t.check('one hour says less', len(hour) < len(files), hour)
    both = said('--from-store', store)
    copy = dir / 'copy'
    t.equal('into another store', said('--from-store', store, '--store', copy), both)
    t.equal('and out of that one again', said('--from-store', copy), both)
    return store, files


def has_open(pid, file):
    """Asking by opening the store would take the lock from the one that is asked about."""
    try:
        return any(fd.resolve() == file for fd in pathlib.Path(f'/proc/{pid}/fd').iterdir())
    except OSError:
        return False


def while_open(store, files):
    """A writer has the store open (a replay whose input does not come): readers need no lock."""
    w = subprocess.Popen([PRACTICE, 'replay', '--quiet', '--store', str(store), '-'], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        while w.poll() is None and not has_open(w.pid, (store / 'practice.db').resolve()):
            time.sleep(0.01)
        code, _, err = practice('replay', '--store', store, '/dev/null')
        t.check('another process is writing to the store', code != 0 and 'another process is writing' in err, err)
        t.equal('the same bytes meanwhile', said('--from-store', store, '--to', '2026-06-19'), files)
    finally:
        w.communicate(b'')


def refusals(dir, store):
    refused('no such store', 1, 'no store in', '--from-store', dir / 'nowhere')
    refused('an empty span, with what there is', 1, '2026-06-18T00:00:00Z', '--from-store', store, '--from', '2030-01-01')
    refused('a sensor that is not there, with those that are', 1, 'frankfurt, saopaulo, tokyo', '--from-store', store,
            '--sensor', 'oslo')
    refused('neither files nor a store', 2, '--from-store')
    refused('files and a store', 2, 'exclude', '--from-store', store, 'x.pcap')
    refused('a span without a store', 2, '--from-store', '--from', '2026-06-18', 'x.pcap')
    refused('a span that ends before it begins', 2, '--to', '--from-store', store, '--from', '2026-06-19', '--to', '2026-06-18')
    refused('a store into itself', 2, 'two places', '--from-store', store, '--store', store)
    refused('counters of a capture', 2, '--counters', '--from-store', store, '--counters')
    code, out, err = practice('replay', '--from-store', store, '--to', '2026-06-19')
    t.check('for people: where it came from', code == 0 and f'batches read from {store}' in out, (out, err))
    bad = next((store / 'flows').glob('*.parquet'))
    bad.write_bytes(b'junk')
    code, out, err = practice('replay', '--json', '--from-store', store)
    t.check('a damaged segment is named, the rest is replayed, the exit status says so',
            code == 1 and bad.name in err and '"summary"' in out, (code, err))


def marx(dir, path):
    """Real rows of sensors whose clocks disagree by minutes: nobody's rows may be late in one replay and not in the other."""
    few = dir / 'few.csv'
    with gzip.open(path, 'rt') as f, few.open('w') as to:
        rows = csv.reader(f)
        out = csv.writer(to)
        out.writerow(next(rows))
        for row in rows:
            if '2013-07-05' <= row[0] < '2013-08-08' and row[1] in ('zeppo-norcal', 'groucho-eu', 'groucho-sydney'):
                out.writerow(row)
    files = said('--store', dir / 'marx', few)
    t.check('the Marx rows give findings', len(files) > 2, files)
    t.equal('the Marx rows from the store: the same bytes', said('--from-store', dir / 'marx'), files)
    t.check('and the same totals', same_totals(summaries[-2], summaries[-1]), summaries[-2:])


summaries = []
with tempfile.TemporaryDirectory() as d:
    at = pathlib.Path(d)
    kept, alerts = from_a_store(at)
    while_open(kept, alerts)
    refusals(at, kept)
    data = shared('data/darknet/marx_2013_honeypot_geo.csv.gz')
    if data:
        marx(at, data)
    else:
        print('# no Marx data beside the checkout (data/darknet/): not replayed')
t.done()
