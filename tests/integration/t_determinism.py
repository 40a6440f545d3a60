#!/usr/bin/env python3
"""The same input gives the same bytes: twice in a row, and for 1, 2 and 4 threads, from capture to
alert and into the store."""
import hashlib
import pathlib
import tempfile

from tap import Tap, practice, shared

t = Tap()


def replay(files, threads, *more):
    code, out, err = practice('replay', '--json', '--findings', '--threads', threads, *more, *files)
    assert code == 0, err
    return out


def queries(store):
    asked = [('flows', 'limit=100000'), ('findings',), ('alerts',), ('top', 'by=port'), ('top', 'by=country'),
             ('series', 'step=1h'), ('packets', 'limit=100000')]
    return ''.join(practice('query', *q, '--json', '--store', store)[1] for q in asked)


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def said(out):
    return [line for line in out.splitlines() if '"summary"' not in line]


with tempfile.TemporaryDirectory() as d:
    dir = pathlib.Path(d)
    code, _, err = practice('gen', 'demo', '--out', dir / 'gen', '--hours', '6', '--rate', '2')
    t.check('gen makes a scenario', code == 0, err)
    pcaps = sorted((dir / 'gen').glob('*.pcap*'))
    t.check('with several sensors', len(pcaps) >= 2, pcaps)
    outs = [replay(pcaps, n) for n in (1, 1, 2, 4)]
    t.check('something is said', len(said(outs[0])) > 3, outs[0])
    t.equal('alerts and findings: the same bytes for 1, 1, 2, 4 threads', len(set(map(digest, outs))), 1)
    kept = []
    for n in (1, 4):
        replay(pcaps, n, '--store', dir / f'store{n}')
        kept.append(queries(dir / f'store{n}'))
    t.check('the store answers', len(kept[0]) > 1000, kept[0])
    code, out, err = practice('query', 'packets', 'limit=100000', '--json', '--store', dir / 'store1')
    t.check('packets were kept, hundreds of them', code == 0 and len(out.splitlines()) > 300, err or len(out.splitlines()))
    t.equal('what the store answers: the same bytes for 1 and 4 threads', len(set(map(digest, kept))), 1)
    t.equal('the order in which files are named does not matter',
            said(replay(list(reversed(pcaps)), 1)), said(outs[0]))
    marx = shared('data/darknet/marx_2013_honeypot_geo.csv.gz')
    if marx:
        t.equal('the Marx data: the same bytes for 1, 2, 4 threads',
                len({digest(replay([marx], n)) for n in (1, 2, 4)}), 1)
t.done()
