#!/usr/bin/env python3
"""The clickhouse store on a real server: the same answers as the other backends, everything copied both ways, nothing lost
or doubled whatever statement is cut off and whoever is killed, readers that may only read."""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import tempfile

import stores
from clickhouse import Missing, Proxy, Server
from stores import removed
from tap import PRACTICE, Tap, practice

t = Tap()
OF_PACKETS = ('packets port=23/tcp', 'packets port=445', 'packets port=icmp/8.0', 'packets country=US', 'packets asn=4134', 'packets src=0.0.0.0/1',
              'packets victim=128.0.0.0/2', 'alerts src=0.0.0.0/1')
ASKED = ('flows', 'findings', 'alerts', 'health', 'packets', *OF_PACKETS, 'top by=port', 'top by=country', 'series step=1m', 'cells by=src,port', 'sensors')
MADE_OF = ('series step=1m', 'cells by=src,dst,port,at step=1m')  # from roll-ups, and row by row
HOW = ('refuse', 'swallow', 'late')


def answers(store, *more, asked=ASKED):
    return stores.answers(store, *more, asked=asked)


def same(what, saw, wanted):
    stores.same(t, what, saw, wanted)


def same_answers(server):
    """Begun here, and asked how it was at the end: it waits for the server more than it computes."""
    exe = os.environ.get('STORE_SAME', pathlib.Path(PRACTICE).parents[1] / 'tests/test_store_ram_embedded')
    p = subprocess.Popen([exe, server.url, 'reader', server.secret], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def ended():
        try:
            out = p.communicate(timeout=250)[0]
        except subprocess.TimeoutExpired:
            p.kill()
            out = p.communicate()[0]
        t.check('ram, embedded and clickhouse answer alike', p.returncode == 0, out[-3000:])

    return ended


def both_ways(dir, server, store):
    code, out, err = practice('store', 'copy', store, server.url + '/moved')
    t.check('copied to ClickHouse, and counted', code == 0 and 'both stores have the same' in out, err)
    same('every answer is the same there', answers(server.url + '/moved'), answers(store))
    code, out, err = practice('store', 'copy', server.url + '/moved', dir / 'back')
    t.check('and back', code == 0 and 'both stores have the same' in out, err)
    same('every answer is the same again', answers(dir / 'back'), answers(store))
    replay = [practice('replay', '--from-store', s, '--quiet', '--findings')[:2] for s in (store, server.url + '/moved')]
    t.equal('a replay from there says the same', replay[1], replay[0])
    code, out, err = practice('store', 'copy', store, server.url + '/moved')
    t.check('copying again stores no flow twice', code == 0 and 'copied 0 flows' in out, out + err)


def upgraded(server, store, small, other):
    """A store of schema 3, as it was left: no reader of this program, and all of its answers once it was opened for writing."""
    server.query('CREATE DATABASE old')
    columns = 'kind, at, id, key, sensor, json, no, tx'
    for table in server.query("SELECT name FROM system.tables WHERE database = 'moved'").split():
        if table == 'record':
            server.query('CREATE TABLE old.record (kind String, at Int64, id String, key String, sensor String, json String, no UInt32, tx UInt64)'
                         ' ENGINE = MergeTree PARTITION BY kind ORDER BY (at, id)')
            server.query(f'INSERT INTO old.record ({columns}) SELECT {columns} FROM moved.record')
            continue
        server.query(f'CREATE TABLE old.{table} AS moved.{table}')
        server.query(f'INSERT INTO old.{table} SELECT * FROM moved.{table}' + (" WHERE what != 'schema'" if table == 'ledger' else ''))
    server.query("INSERT INTO old.ledger (what, tx, name, n) VALUES ('schema', 0, '', 3)")
    code, _, err = practice('query', '--store', server.url + '/old', 'what=packets')
    t.check('a reader of the new schema refuses the old, and says what to do', code != 0 and 'schema 3' in err and 'for writing' in err, err)
    code, out, err = practice('store', 'copy', store, server.url + '/old')
    t.check('the writer brings it forward', code == 0, out + err)
    t.equal('with the columns of records', server.query("SELECT count() FROM system.columns WHERE database = 'old' AND table = 'record' AND name IN ('port', 'country', 'asn', 'hosts')"), '4')
    for kind, columns in (('packet', 'port, country, asn, '), ('alert', ''), ('finding', ''), ('health', '')):
        was, now = (server.query(f"SELECT DISTINCT id, {columns}arrayMap(x -> hex(x), hosts) AS who FROM {db}.record WHERE kind = '{kind}' ORDER BY id, who")
                    for db in ('old', 'moved'))
        same(f'which say of what was stored before what its JSON does: {kind}', was, now)
    for to in (server.url + '/old', other):
        practice('store', 'copy', small, to)
    same('every answer about packets, old and new, is that of another store', answers(server.url + '/old', asked=OF_PACKETS), answers(other, asked=OF_PACKETS))


def read_of(server, words):
    """How many bytes the server reads for a question, by its own count."""
    asked = []
    with Proxy(server.port, asked=asked.append) as p:
        code, _, err = practice('query', '--store', p.url + '/moved', *words.split())
    sql = [x for x in asked if x.startswith('SELECT json FROM')]
    if code != 0 or len(sql) != 1:
        raise RuntimeError(f'{words}: {err} {asked}')
    return json.loads(server.query(sql[0].replace(' record ', ' moved.record ').replace('FORMAT RowBinary', 'FORMAT JSON')))['statistics']['bytes_read']


def little_is_read(server):
    """Of records that are about others no JSON is read, whatever names them: here all of them are."""
    whole = int(server.query("SELECT sum(length(json)) FROM moved.record WHERE kind = 'packet'"))
    t.check('without a filter all JSON is read', read_of(server, 'packets') > whole, whole)
    for words in ('packets src=203.0.113.0/24', 'packets src=203.0.113.0/24 from=2000-01-01', 'packets victim=203.0.113.9', 'packets country=AQ', 'packets port=1/tcp'):
        n = read_of(server, words)
        t.check(f'{words}: of the JSON nothing', n < whole / 4, f'{n} bytes of {whole}')


def reading(dir, server):
    conf = dir / 'reader.yaml'
    conf.write_text(f'store:\n  clickhouse:\n    urls: [{server.url}]\n    database: moved\n    user: reader\n'
                    f'    password-file: {server.secret}\n')
    same('a user with readonly=1 gets every answer', answers('clickhouse', '--config', conf), answers(server.url + '/moved'))
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


def faults(server, store):
    """Statement after statement is cut off: before the server has it, after it, or a second before it carries it out. The
    program goes on by itself, or is killed at that moment and started again. There are two transactions of flows, and
    each kind of statement meets both."""
    with Proxy(server.port) as p:
        practice('store', 'copy', store, p.url + '/whole', '--rows', '4000')
    n_all = len(p.statements)
    t.check('there are transactions to cut off', p.statements.count('flows') >= 2 and p.statements.count('record') >= 1, p.statements)
    wanted = answers(store, asked=MADE_OF)
    cases = []
    for n in range(1, n_all + 1):
        # what counts is decided in the ledger: there the worst case too, a row of a dead writer that comes late
        cases += [(n, HOW[n % 3], n // 4 % 2 == 1)] + [(n, 'late', True)] * (p.statements[n - 1] == 'ledger')
    with concurrent.futures.ThreadPoolExecutor(3) as side:  # each in a database of its own; they wait most of the time
        fine = list(side.map(lambda c: survives(store, server, f'f{c[0]}{c[1]}{c[2]}'.lower(), *c, wanted), cases))
    wrong = [f'{how} kill={kill} at {n} ({p.statements[n - 1]})' for (n, how, kill), ok in zip(cases, fine) if not ok]
    t.check(f'cut off, and killed, at each of {n_all} statements: nothing lost, nothing twice', not wrong, '\n'.join(wrong))


def survives(store, server, database, n, how, kill, wanted):
    """copy checks what it has copied by itself: every sensor's packets and flows, and the number of records. It is begun
    again until it ends well: on a busy machine it may end (a timeout) before it comes to what is cut off."""
    running = [None]
    with Proxy(server.port, lambda i, _: how if i == n else 'pass', lambda: kill and running[0].kill()) as p:
        args = [PRACTICE, 'store', 'copy', store, f'{p.url}/{database}', '--rows', '4000']
        said = []
        while len(said) < 5:
            running[0] = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            said.append(running[0].communicate(timeout=120)[1])
            if running[0].returncode == 0:
                break
        if running[0].returncode != 0 or p.n < n:
            print('\n'.join(f'# {database} {x}' for x in [p.n, *said]), flush=True)
            return False
    return answers(f'{server.url}/{database}', asked=MADE_OF) == wanted


def swept(dir, server, database):
    """Rows that do not count go away, an hour later; here the hour is made to have passed."""
    captures = sorted((dir / 'little').glob('*.pcap'))
    rows = int(server.query(f'SELECT count() FROM {database}.flows'))
    counted = int(server.query(f'SELECT sum(rows) FROM {database}.batch'))
    t.check('there are rows that do not count', rows > counted, f'{rows}, {counted}')
    server.query(f"ALTER TABLE {database}.ledger UPDATE at = at - 7200 WHERE what = 'base'")
    removed(server)
    for _ in range(2):  # the first removes them, the second finds that they are gone
        practice('replay', '--quiet', '--store', f'{server.url}/{database}', *captures)
        removed(server)
    t.equal('they have been removed, and no others', int(server.query(f'SELECT count() FROM {database}.flows')), 3 * counted)
    t.check('and that is known', server.query(f"SELECT count() FROM {database}.ledger WHERE what = 'swept'") != '0')


def run_once(dir, name, captures, settings):
    conf = dir / f'{name}.yaml'
    conf.write_text(settings)
    return subprocess.run([PRACTICE, 'run', '--once', '--config', conf, '--data', dir / name, '--listen', '127.0.0.1:0', '--speed', '0', *captures],
                          capture_output=True, text=True, timeout=120)


def running(dir, server, captures):
    """All roles, each with its own rights; root or not."""
    asked = ('flows', 'findings', 'alerts', 'series step=1m')
    here = run_once(dir, 'here', captures, '')
    there = run_once(dir, 'there', captures, f'store:\n  backend: clickhouse\n  clickhouse:\n    urls: [{server.url}]\n    database: run\n')
    t.check('practice run keeps everything there', there.returncode == 0, there.stderr[-1500:])
    t.equal('and says the same alerts', there.stdout, here.stdout)
    same('and the same flows and findings are kept', answers(server.url + '/run', asked=asked), answers(dir / 'here/store', asked=asked))


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
        little_is_read(server)
        upgraded(server, dir / 'store', dir / 'small', dir / 'back')
        running(dir, server, captures)
        alike = same_answers(server)
        try:
            faults(server, dir / 'small')
        finally:
            alike()
        swept(dir, server, 'f4swallowtrue')


try:
    main()
except Missing as e:
    t.check(str(e), False)
t.done()
