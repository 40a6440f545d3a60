#!/usr/bin/env python3
"""The clickhouse store on a real server: the same answers as the other backends, everything copied both ways, nothing lost
or doubled whatever statement is cut off and whoever is killed, readers that may only read."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

from clickhouse import Missing, Proxy, Server
from tap import PRACTICE, ROOT, Tap, practice

t = Tap()
ASKED = ('flows', 'findings', 'alerts', 'health', 'top by=port', 'top by=country', 'series step=1m', 'cells by=src,port', 'sensors')


def answers(store, *more, asked=ASKED):
    """What a store says, as one text."""
    out = []
    for words in asked:
        code, text, err = practice('query', '--store', store, *more, *words.split(), '--json', '--limit', '1000000')
        out.append(f'{words}: {code} {err}\n{text}')
    return '\n'.join(out)


def same_answers(server):
    exe = os.environ.get('STORE_SAME', ROOT / 'build/tests/test_store_ram_embedded')
    r = subprocess.run([exe, server.url, 'reader', server.secret], capture_output=True, text=True, timeout=250)
    t.check('ram, embedded and clickhouse answer alike', r.returncode == 0, r.stdout[-500:] + r.stderr[-2500:])


def both_ways(dir, server, store):
    code, out, err = practice('store', 'copy', store, server.url + '/moved')
    t.check('copied to ClickHouse, and counted', code == 0 and 'both stores have the same' in out, err)
    t.equal('every answer is the same there', answers(server.url + '/moved'), answers(store))
    code, out, err = practice('store', 'copy', server.url + '/moved', dir / 'back')
    t.check('and back', code == 0 and 'both stores have the same' in out, err)
    t.equal('every answer is the same again', answers(dir / 'back'), answers(store))
    replay = [practice('replay', '--from-store', s, '--quiet', '--findings')[:2] for s in (store, server.url + '/moved')]
    t.equal('a replay from there says the same', replay[1], replay[0])
    code, out, err = practice('store', 'copy', store, server.url + '/moved')
    t.check('copying again stores no flow twice', code == 0 and 'copied 0 flows' in out, out + err)


def reading(dir, server):
    conf = dir / 'reader.yaml'
    conf.write_text(f'store:\n  clickhouse:\n    urls: [{server.url}]\n    database: moved\n    user: reader\n'
                    f'    password-file: {server.secret}\n')
    t.equal('a user with readonly=1 gets every answer', answers('clickhouse', '--config', conf), answers(server.url + '/moved'))
    code, _, err = practice('store', 'copy', dir / 'back', 'clickhouse', '--config', conf)
    t.check('but may not write, and is told so', code == 3 and 'readonly' in err, err)
    conf.write_text(conf.read_text().replace(str(server.secret), str(conf)))
    code, _, err = practice('query', '--store', 'clickhouse', '--config', conf, 'sensors')
    t.check('a wrong password: refused, in the words of ClickHouse', code == 3 and 'assword' in err, err)
    code, _, err = practice('query', '--store', server.url + '/nowhere', 'sensors')
    t.check('a database that is not there', code == 1 and 'no store in the database nowhere' in err, err)
    code, _, err = practice('query', '--store', 'http://127.0.0.1:1/x', '--config', quick(dir), 'sensors')
    t.check('nobody there', code == 3 and '127.0.0.1:1' in err, err)


def quick(dir):
    """Settings that give up soon."""
    conf = dir / 'quick.yaml'
    conf.write_text('store:\n  clickhouse:\n    retry: 0s\n')
    return conf


def faults(dir, server, store):
    """Statement after statement is cut off; the program goes on by itself, or is killed and started again."""
    small = ('findings', 'alerts', 'health', 'top by=port', 'series step=1m', 'cells by=src,dst,port,at step=1m', 'sensors')
    wanted = answers(store, asked=small)
    with Proxy(server.port) as p:
        practice('store', 'copy', store, p.url + '/whole', '--rows', '2000')
        statements = list(p.statements)
    t.check('there are statements to cut off', statements.count('ledger') >= 6 and 'roll' in statements, statements)
    print(f'# {len(statements)} statements: {statements}', flush=True)
    wrong = []
    for n in range(1, len(statements) + 1):
        for how in ('refuse', 'swallow', 'late') if n % 3 else ('swallow', 'kill', 'kill after', 'kill late'):
            database = f'f{n}_{how.replace(" ", "_")}'
            if not survives(store, server, database, n, how, small, wanted):
                wrong.append(f'{how} at {n} ({statements[n - 1]})')
    t.check(f'cut off or killed at each of {len(statements)} statements: nothing lost, nothing twice', not wrong, '\n'.join(wrong))


def survives(store, server, database, n, how, small, wanted):
    running = []

    def plan(i, _):
        if i != n:
            return 'pass'
        if how.startswith('kill') and running:
            if how != 'kill after':
                os.kill(running[0].pid, signal.SIGKILL)
            else:
                return 'swallow'
        return {'kill': 'refuse', 'kill late': 'late'}.get(how, how)

    with Proxy(server.port, plan) as p:
        args = [PRACTICE, 'store', 'copy', store, f'{p.url}/{database}', '--rows', '2000']
        running.append(subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        try:
            running[0].communicate(timeout=0.5 if how == 'kill after' else 60)
        except subprocess.TimeoutExpired:
            running[0].kill()
            running[0].communicate()
        if running[0].returncode != 0:
            again = subprocess.run(args, capture_output=True, text=True, timeout=60)
            if again.returncode != 0:
                print('#', again.stderr, flush=True)
                return False
    return answers(f'{server.url}/{database}', asked=small) == wanted


def main():
    with tempfile.TemporaryDirectory() as d, Server(pathlib.Path(d) / 'ch') as server:
        dir = pathlib.Path(d)
        practice('gen', '--out', dir / 'made', '--hours', '3', '--sensors', '2')
        captures = sorted((dir / 'made').glob('*.pcap'))
        practice('replay', '--quiet', '--store', dir / 'store', *captures)
        practice('gen', '--out', dir / 'little', '--hours', '1', '--sensors', '2', '--rate', '1')
        practice('replay', '--quiet', '--store', dir / 'small', *sorted((dir / 'little').glob('*.pcap')))
        both_ways(dir, server, dir / 'store')
        reading(dir, server)
        faults(dir, server, dir / 'small')
        same_answers(server)


try:
    main()
except Missing as e:
    t.check(str(e), False)
t.done()
