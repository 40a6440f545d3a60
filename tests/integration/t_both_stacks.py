#!/usr/bin/env python3
"""The same captures and hits on both stacks: local bus and embedded store; NATS JetStream and ClickHouse. Both
hold the same records, also when servers and store writer of the second are killed in the middle."""
import datetime
import json
import os
import pathlib
import tempfile
import time

import clickhouse
from natslab import Lab, wait_for
from tap import Tap, practice
from whole_run import Run, same

t = Tap()
KINDS = ('flows', 'findings', 'alerts', 'episodes', 'hits')
HOURS = 4
T0 = int(time.time()) + 300  # of hits: the clock, which ends episodes, must not come there while this test runs
SPEED = 3600 * HOURS / 10  # ten seconds
CONF = 'episode:\n  gap: 60s\n  lateness: 30s\n'


def text(seconds):
    return datetime.datetime.fromtimestamp(T0 + seconds, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')


def hit(pot, n, at, victim, packets):
    return {'id': f'{pot}.{n}', 'sensor': pot, 'site_country': pot[4:].upper(), 'at': text(at), 'from': text(at), 'to': text(at),
            'victim': victim, 'vector': 'ntp_monlist', 'port': 123, 'packets': packets, 'bytes': 8 * packets, 'request_len': 8,
            'payload': '00000000000000aa', 'victim_port': 4444, 'ttl_min': 60, 'ttl_max': 60, 'ttl_count': 1}


def victims(pot, at):
    """One at both honeypots, a carpet at one, one that is too little."""
    yield '203.0.113.9', 5
    if pot == 'pot-de':
        yield f'198.51.100.{at}', 9
    elif at == 100:
        yield '192.0.2.77', 1


def feed(lab, where):
    """Two minutes of hits, then a word that ends all of it. Each honeypot has twenty seconds, and is told that they are safe
    before the other goes on."""
    pots = {pot: lab.client(f'honeypot.{pot}', where) for pot in ('pot-jp', 'pot-de')}
    n = 0

    def say(pot, kind, record):
        said = pots[pot](f'pub {kind}.{pot} {record["id"]} {json.dumps(record)}')
        if said != 'ok':
            raise RuntimeError(f'{pot}: {said}')

    for begin in range(0, 120, 20):
        for pot, c in pots.items():
            for at in range(begin, begin + 20, 2):
                for victim, packets in victims(pot, at):
                    n += 1
                    say(pot, 'hit', hit(pot, n, at, victim, packets))
            c('flush 10000')
    for pot, c in pots.items():
        say(pot, 'health', {'id': f'{pot}.end', 'sensor': pot, 'at': text(240), 'source': 'honeypot'})
        c('flush 10000')
        c.close()


def started(lab, *args, **kw):
    """A run that ends with the lab, whatever happens."""
    run = Run(lab.dir, *args, **kw)
    lab.started.append(run.p)
    return run


def on_local(lab, files):
    run = started(lab, 'local', SPEED, conf=CONF, files=files)
    wait_for((run.data / 'bus.sock').exists)
    feed(lab, run.data / 'bus.sock')
    return run


def on_servers(lab, server, name, files):
    """A nats-server and a database of its own."""
    nats = lab.server(name + '-bus')
    where = nats.settings()
    conf = CONF + where.read_text() + f'store:\n  backend: clickhouse\n  clickhouse:\n    urls: [{server.url}]\n    database: {name}\n'
    run = started(lab, name, SPEED, conf=conf, files=files, store=f'{server.url}/{name}')
    feed(lab, where)
    return run, nats


def kill_everything(run, nats, server):
    """The store writer, ClickHouse, the writer again while ClickHouse is away, the bus; then both servers come back. Without
    ClickHouse the run cannot end, so all of it is in its middle. Returns what was killed and how many flows it had by then."""
    killed = []

    def writer():
        pid = wait_for(lambda: run.roles().get('store'), 20)
        if pid:
            os.kill(pid, 9)
            killed.append('store')

    flows = wait_for(lambda: stored(server)) or 0
    writer()
    time.sleep(1)
    server.kill()
    time.sleep(0.5)
    writer()
    nats.kill()
    time.sleep(0.5)
    nats.start()
    server.start()
    return killed, flows


def stored(server):
    try:
        return int(server.query('SELECT count() FROM killed.flows'))
    except RuntimeError:  # no such table yet
        return 0


def both(lab, server):
    practice('gen', '--out', lab.dir / 'made', '--hours', HOURS)
    files = sorted((lab.dir / 'made').glob('*.pcap'))
    here = on_local(lab, files)
    t.equal('local bus and embedded store: the run ends by itself', here.wait(), 0)
    wanted = here.records(KINDS)
    print('#', ', '.join(f'{len(v)} {k}' for k, v in wanted.items()), flush=True)
    kinds = [{json.loads(x)['kind'] for x in wanted[k]} for k in ('findings', 'alerts', 'episodes')]
    t.check('there are findings, alerts and episodes of several kinds', len(kinds[0]) >= 5 and len(kinds[1]) >= 3 and len(kinds[2]) >= 2
            and 'drdos' in kinds[1], kinds)
    there, nats = on_servers(lab, server, 'calm', files)
    t.equal('NATS and ClickHouse: the run ends by itself', there.wait(), 0)
    same(t, '... every record is the same', there.records(KINDS), wanted)
    nats.kill()
    there, nats = on_servers(lab, server, 'killed', files)
    killed, flows = kill_everything(there, nats, server)
    t.check('the store writer is killed twice, and both servers, in the middle', killed == ['store', 'store']
            and 0 < flows < len(wanted['flows']), f'{killed} {flows}')
    t.equal('... the run ends by itself', there.wait(), 0)
    same(t, '... every record is the same', there.records(KINDS), wanted)


def main():
    with tempfile.TemporaryDirectory(prefix='practice-both-') as d, clickhouse.Server(pathlib.Path(d) / 'ch') as server:
        os.chmod(d, 0o755)
        lab = Lab(d)
        try:
            both(lab, server)
        finally:
            lab.close()


try:
    main()
except clickhouse.Missing as e:
    t.check(str(e), False)
t.done()
