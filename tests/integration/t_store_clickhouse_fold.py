#!/usr/bin/env python3
"""Roll-ups of hours that are over are added up: the same answers before, after and in the middle of it, whatever statement
is cut off by kill -9, and when more comes late for hours that were added up."""
import concurrent.futures
import pathlib
import subprocess
import tempfile

from clickhouse import Missing, Proxy, Server
from stores import answers, removed, same
from tap import PRACTICE, Tap, practice

t = Tap()
ASKED = ('series step=1m', 'series step=1m by=sensor', 'series step=1h by=port', 'top by=asn', 'scan by=port')


def replay(store, captures):
    return practice('replay', '--quiet', '--store', store, *captures)


def folding(dir, server):
    """Hours that are over are added up at the end of a replay. Each statement of that is cut off, and the program killed at
    that moment; every answer stays. Then the same comes again, late for hours that were added up or not."""
    practice('gen', '--out', dir / 'three', '--hours', '3', '--sensors', '2', '--rate', '0.3')
    captures = sorted((dir / 'three').glob('*.pcap'))
    wanted = []
    for _ in range(2):
        replay(dir / 'twice', captures)
        wanted.append(answers(dir / 'twice', asked=ASKED))
    with Proxy(server.port) as p:
        replay(p.url + '/folded', captures)
    first = p.statements.index('rolled')
    t.equal('hours that are over are added up, in a transaction of its own, then removed from where they were',
            p.statements[first:], ['rolled', 'ledger', 'roll DELETE WHERE start < toDateTime'])
    removed(server)
    t.equal('no appends of those hours are left', server.query(
        "SELECT count() FROM folded.roll WHERE start < (SELECT toDateTime(max(n)) FROM folded.ledger WHERE what = 'fold')"), '0')
    same(t, 'every answer is the same', answers(server.url + '/folded', asked=ASKED), wanted[0])
    # rows that come late are another test's (faults); what counts, and what is removed, is decided in the last two
    cases = [(1, 'late'), (2, 'refuse'), (2, 'swallow'), (2, 'late'), (3, 'refuse'), (3, 'late')]
    with concurrent.futures.ThreadPoolExecutor(3) as side:
        fine = list(side.map(lambda c: survives_fold(server, captures, first + c[0], c[1], wanted), cases))
    wrong = [f'{how} at {n}' for (n, how), ok in zip(cases, fine) if not ok]
    t.check('killed at each of its statements: every answer is the same, and so it is when more comes late', not wrong, '\n'.join(wrong))
    reading_meanwhile(dir, server, captures)


def survives_fold(server, captures, n, how, wanted):
    running = []
    with Proxy(server.port, lambda i, _: how if i == n else 'pass', lambda: running[0].kill()) as p:
        store = f'{p.url}/fold{n}{how}'
        running.append(subprocess.Popen([PRACTICE, 'replay', '--quiet', '--store', store, *captures], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL))
        killed = running[0].wait(timeout=120) != 0
        once = answers(store, asked=ASKED) == wanted[0]
        code = replay(store, captures)[0]
        return killed and once and code == 0 and answers(store, asked=ASKED) == wanted[1]


def reading_meanwhile(dir, server, captures):
    """Hours are added up, and removed, between the questions to ClickHouse that one of ours is made of."""
    practice('gen', '--out', dir / 'later', '--hours', '1', '--sensors', '2', '--rate', '1', '--start', '2026-06-19T06:00:00Z')
    later = sorted((dir / 'later').glob('*.pcap'))
    for name, words in (('meanwhile', 'top by=port to=2026-06-19T00:00:00Z'), ('kept', 'kept')):
        with Proxy(server.port, lambda n, sql: 'refuse' if sql.startswith('INSERT INTO rolled') else 'pass') as p:
            replay(f'{p.url}/{name}', captures)
        wanted = answers(f'{server.url}/{name}', asked=[words])
        did = []

        def fold(sql):
            if ' FROM roll ' in sql and not did:
                did.append(replay(f'{server.url}/{name}', later)[0])
                removed(server)
                did.append(int(server.query(f"SELECT count() FROM {name}.roll WHERE start < toDateTime('2026-06-19 00:00:00')")))

        with Proxy(server.port, asked=fold) as p:
            saw = answers(f'{p.url}/{name}', asked=[words])
        if name == 'kept':  # it is asked anew, and has what came meanwhile
            wanted = answers(f'{server.url}/{name}', asked=[words])
        same(t, f'{words}: hours that are removed while it runs: it is asked again', saw, wanted)
        t.equal('and they were', did, [0, 0])


def packets_go(dir, server):
    """Of more packets than may be kept, and of those that are too old, whole days go; the newest day stays."""
    practice('gen', '--out', dir / 'night', '--hours', '2', '--sensors', '2', '--rate', '1', '--start', '2026-06-18T23:00:00Z')
    captures = sorted((dir / 'night').glob('*.pcap'))
    midnight = 1781827200 * 10**9  # 2026-06-19
    count = lambda name, when: int(server.query(f"SELECT count() FROM {name}.record WHERE kind = 'packet' AND at {when} {midnight}"))
    for name, setting in (('all', ''), ('few', 'packet-max-rows: 1000')):
        conf = dir / f'{name}.yaml'
        conf.write_text(f'store:\n  clickhouse: {{{setting}}}\n')
        code, _, err = practice('replay', '--quiet', '--config', conf, '--store', f'{server.url}/{name}', *captures)
        t.equal(f'{name}: played', (code, err), (0, ''))
        removed(server, name)
    t.check('there are some of both days', count('all', '<') > 500 and count('all', '>=') > 500, (count('all', '<'), count('all', '>=')))
    t.equal('the older day went, all of the newest is there', (count('few', '<'), count('few', '>=')), (0, count('all', '>=')))


try:
    with tempfile.TemporaryDirectory() as d, Server(pathlib.Path(d) / 'ch') as server:
        folding(pathlib.Path(d), server)
        packets_go(pathlib.Path(d), server)
except Missing as e:
    t.check(str(e), False)
t.done()
