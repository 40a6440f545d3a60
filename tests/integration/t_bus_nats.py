#!/usr/bin/env python3
"""One suite of cases on both buses of several processes, local and nats: order, places, repeats, pressure, kill -9. Then what
only NATS has: a cluster that loses its leader, certificates, rights, streams and subjects that are none of ours. Then the whole
program over it."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from certs import authority, certificate
from natslab import Lab, Raw, wait_for
from tap import PRACTICE, Tap, practice

N = 6000


def texts(found):
    return [m[3] if isinstance(m, tuple) else m for m in found]


def numbers(a, b):
    return [str(i) for i in range(a, b + 1)]


def basics(t, lab, bus, name):
    where = bus.settings()
    pub, store = lab.client('sensor.tokyo', where), lab.client('store', where)
    t.check(f'{name}: a durable reader that has never been there', store('sub durable all') == 'ok')
    for line in ('pub flow.tokyo a 1', 'pub health.tokyo b 2', 'pub flow.tokyo a 1', 'pub flow.tokyo - 3', 'pub flow.tokyo c 4'):
        pub(line)
    t.equal('... publishing is flushed', pub('flush 10000'), 'ok')
    got = store.take(4)
    t.equal('... everything once, a repeat not at all, in order', texts(got), ['1', '2', '3', '4'])
    t.equal('... subjects with it', [m[1] for m in got], ['flow.tokyo', 'health.tokyo', 'flow.tokyo', 'flow.tokyo'])
    t.check('... numbers rise', [m[0] for m in got] == sorted({m[0] for m in got}), got)
    t.equal('... and then nothing', store('fetch 300'), 'again')
    t.check('acknowledging what was not fetched is refused', store(f'ack {got[-1][0] + 1}').startswith('error -5'))
    t.equal('half is acknowledged', (store(f'ack {got[1][0]}'), store('flush 10000')), ('ok', 'ok'))
    store.kill()
    pub('pub health.tokyo d 5')
    pub('flush 10000')
    store = lab.client('store', where)
    store('sub durable all')
    again = store.take(3)
    t.equal('killed: the other half comes again, before what is new', texts(again), ['3', '4', '5'])
    t.equal('... under the same numbers', [m[0] for m in again[:2]], [m[0] for m in got[2:]])
    store(f'ack {again[-1][0]}')
    t.equal('... all acknowledged', store('flush 10000'), 'ok')
    store.close()
    engine, portal = lab.client('engine', where), lab.client('portal', where)
    t.equal('a second durable reader, of one kind', engine('sub durable health.'), 'ok')
    portal('sub new flow. health.')
    portal('fetch 500')
    t.equal('... has its own place', texts(engine.take(2)), ['2', '5'])
    for i in range(6, 9):
        pub(f'pub {"flow" if i != 7 else "health"}.tokyo n{i} {i}')
    pub('flush 10000')
    t.equal('... and gets its kind only', texts(engine.take(1)), ['7'])
    t.equal('a reader without place hears what is new', texts(portal.take(3)), ['6', '7', '8'])
    store = lab.client('store', where)
    store('sub durable all')
    t.equal('the first goes on where it was', texts(store.take(3)), ['6', '7', '8'])
    t.check('one subscription a handle', store('sub durable all').startswith('error -7'))
    t.check('no subject', pub('pub FLOW.x a 1').startswith('error -5'))
    t.equal('all end in order', [c.close() for c in (pub, store, engine, portal)], [0] * 4)


def killed(t, lab, bus, name):
    """The server dies while messages are on their way, in both directions."""
    where = bus.settings()
    pub, store = lab.client('sensor.tokyo', where), lab.client('store', where)
    store('sub durable flow.')
    before = store.take(1000, 700)
    if before:
        store(f'ack {before[-1][0]}')
    pub.send(f'many flow.tokyo 1 {N} 400')
    pub.send('flush 60000')  # a handle sends while it is called
    got = store.take(N // 8)
    bus.kill()
    t.equal(f'{name}: killed while it takes messages: what has arrived', texts(got), numbers(1, N // 8))
    store.send(f'ack {got[-1][0]}')
    time.sleep(0.5)
    bus.start()
    t.equal('... the publisher goes on', (pub.read(), pub.read()), ('ok', 'ok'))
    store.read()
    rest = store.take(N - N // 8, 15000)
    t.equal('... every message once and in order', texts(rest), numbers(N // 8 + 1, N))
    t.equal('... nothing more', store('fetch 500'), 'again')
    store(f'ack {rest[-1][0]}')
    t.equal('... acknowledged', store('flush 30000'), 'ok')
    t.equal('a repeat after the restart is known', (pub(f'many flow.tokyo {N - 99} {N} 400'), pub('flush 30000'),
                                                   store('fetch 700')), ('ok', 'ok', 'again'))
    bus.kill(signal.SIGTERM)
    bus.start()
    t.equal('a restart in order', (pub('pub flow.tokyo after after'), pub('flush 30000'), texts(store.take(1, 15000))),
            ('ok', 'ok', ['after']))
    t.equal('... both end in order', (pub.close(), store.close()), (0, 0))


def pressure(t, lab, bus, name, window):
    pub = lab.client('sensor.tokyo', bus.settings('small', in_flight=32))
    pub('pub flow.tokyo p0 0')
    pub('flush 10000')
    bus.kill(signal.SIGSTOP)
    took = int(pub('fill flow.tokyo 100'))
    t.check(f'{name}: a bus that does not answer takes {window[0]} to {window[1]} messages', window[0] <= took <= window[1], took)
    t.equal('... and the flush says so', pub('flush 300'), 'again')
    bus.kill(signal.SIGCONT)
    t.equal('... until it answers', pub('flush 60000'), 'ok')
    pub.close()


def suite(t, lab):
    nats, local = lab.server('one'), lab.broker('local').start()
    for bus, name, window in ((local, 'local', (8192, 8192)), (nats, 'nats', (32, 32))):
        basics(t, lab, bus, name)
        killed(t, lab, bus, name)
        pressure(t, lab, bus, name, window)
    local.kill(signal.SIGTERM)
    return nats


def leader_of(nodes, stream='PRACTICE'):
    for s in nodes:
        try:
            raw = Raw(s.port)
            leader = (raw.ask(f'$JS.API.STREAM.INFO.{stream}') or {}).get('cluster', {}).get('leader')
            raw.close()
        except OSError:
            continue
        for n in nodes:
            if n.name == leader:
                return n
    return None


def to_the_leader(t, lab, nodes):
    """Whoever reaches another server goes on to the stream's leader, if he can."""
    leader = wait_for(lambda: leader_of(nodes))
    others = [n for n in nodes if n is not leader]

    def where(client):
        return [int(text.rsplit(':', 1)[1]) for text in client.said('bus_nats_connected')]
    for role, subscribe in (('sensor.far', None), ('far', 'sub durable flow.far')):
        c = lab.client(role, lab.settings('far', [n.port for n in (*others, leader)], replicas=3))
        if subscribe:
            c(subscribe)
        t.equal(f'{role}: the leader of the stream stands last in the list, and is gone to',
                (c('pub flow.far a 1'), c('flush 20000'), where(c)), ('ok', 'ok', [leader.port]))
        c.close()
    silent = socket.create_server(('127.0.0.1', 0))  # says nothing: none that could be gone to
    c = lab.client('sensor.far', lab.settings('blind', [others[0].port, silent.getsockname()[1]], replicas=3))
    t.equal('... one who does not have it in his list stays where he is',
            (c('pub flow.far b 2'), c('flush 20000'), where(c)), ('ok', 'ok', [others[0].port]))
    c.close()
    silent.close()
    gate = Gate(leader.port)
    c = lab.client('sensor.far', lab.settings('gate', [others[0].port, gate.port], replicas=3))
    t.equal('one who is not let in there tries once, and goes on with another',
            (c('pub flow.far c 3'), c('flush 30000'), gate.logins, len(where(c)), gate.port in where(c)), ('ok', 'ok', 1, 1, False))
    c.close()
    gate.listener.close()


def cluster(t, lab):
    nodes = lab.cluster(3)
    where = lab.settings('cluster', [n.port for n in nodes], replicas=3)
    pubs = [lab.client(f'sensor.s{i}', where) for i in range(2)]
    for i, p in enumerate(pubs):
        p(f'pub flow.s{i} zero 0')
        t.equal(f'cluster: publisher {i} is acknowledged', p('flush 60000'), 'ok')
    to_the_leader(t, lab, nodes)
    store = lab.client('store', where)
    store('sub durable flow.s')
    t.equal('... and read', sorted(texts(store.take(2, 20000))), ['0', '0'])
    for i, p in enumerate(pubs):
        p.send(f'many flow.s{i} 1 {N // 2} 500')
        p.send('flush 120000')
    got = store.take(N // 4, 20000)
    leader = wait_for(lambda: leader_of(nodes))
    leader.kill()
    for i, p in enumerate(pubs):
        t.equal(f'the leader of the stream is killed while messages are on their way: publisher {i}',
                (p.read(), p.read()), ('ok', 'ok'))
    got += store.take(N - len(got), 90000)
    for i in range(2):
        t.equal(f'... every message of {i} once and in order', [m[3] for m in got if m[1] == f'flow.s{i}'], numbers(1, N // 2))
    store(f'ack {got[-1][0]}')
    t.equal('... acknowledged', store('flush 30000'), 'ok')
    leader.start()
    info = wait_for(lambda: stream_whole(nodes))
    t.equal('... the stream holds as many', info and info['state']['messages'], N + 5)
    t.equal('... in three copies', info and info['config']['num_replicas'], 3)
    for c in (*pubs, store):
        c.close()
    for n in nodes:
        n.kill()


def stream_whole(nodes):
    for n in nodes:
        try:
            raw = Raw(n.port)
            info = raw.ask('$JS.API.STREAM.INFO.PRACTICE')
            raw.close()
            if info and 'state' in info:
                return info
        except OSError:
            pass
    return None


def rights(pub, sub=()):
    api = [f'$JS.API.STREAM.INFO.PRACTICE'] + [f'$JS.API.CONSUMER.{v}.PRACTICE.{c}' for c in sub
                                              for v in ('DURABLE.CREATE', 'INFO', 'DELETE', 'MSG.NEXT')]
    keep = ['$JS.API.STREAM.' + x for x in ('INFO.PRACTICE_LEASE', 'CREATE.PRACTICE_LEASE', 'MSG.GET.PRACTICE_LEASE',
                                            'INFO.PRACTICE_STATE', 'CREATE.PRACTICE_STATE', 'MSG.GET.PRACTICE_STATE',
                                            'PURGE.PRACTICE_STATE')] if sub else []
    own = [x for c in sub for x in (f'$JS.ACK.PRACTICE.{c}.>', f'lease.{c}', f'state.{c}.>')]
    return f'publish: {{ allow: {json.dumps([*pub, *api, *keep, *own])} }}, subscribe: {{ allow: ["_INBOX.>"] }}'


def ids(t, lab, s, settings):
    """Ids are foreseeable: who holds another key cannot use them up."""
    def say(who, text, key):
        c = lab.client(who, settings(key))
        c('pub finding.ids foreseen ' + text)
        t.equal(f'{who} with the key of {key} says {text}', c('flush 15000'), 'ok')
        c.close()
    say('engine.ids', 'false', 'evil')
    say('engine.ids', 'true', 'hub')
    say('engine.ids', 'again', 'hub')
    say('engine.others', 'other', 'hub')
    c = lab.client('engine.reader', settings('hub'))
    c('sub durable finding.ids')
    t.equal('the same id: once of each key and client, again after a restart', texts(c.take(9, 1500)), ['false', 'true', 'other'])
    c.close()


def certificates(t, lab):
    d = str(lab.dir)
    authority(d, 'ca')
    authority(d, 'other')
    certificate(d, 'ca', 'server', 'IP:127.0.0.1')
    for name in ('hub', 'tokyo', 'engine', 'evil'):
        certificate(d, 'ca', name)
    certificate(d, 'other', 'forged', 'DNS:tokyo')
    users = ''.join(f'{{ user: "CN={n}" {p} }}\n' for n, p in (
        ('hub', ''), ('evil', ''), ('tokyo', f', permissions: {{ {rights(["flow.tokyo", "health.tokyo"])} }}'),
        ('engine', f', permissions: {{ {rights(["finding.*", "mark.engine"], ["engine"])} }}')))
    s = lab.server('tls', f'tls {{ cert_file: "{d}/server.crt", key_file: "{d}/server.key", ca_file: "{d}/ca.crt", '
                          f'verify_and_map: true, timeout: 5 }}\nauthorization {{ users: [ {users} ] }}')

    def settings(name, ca='ca', scheme='tls', **more):
        return s.settings(name, scheme=scheme, ca=f'{d}/{ca}.crt', cert=f'{d}/{name}.crt', key=f'{d}/{name}.key', **more)
    hub = lab.client('store', settings('hub'))
    hub('sub durable all')
    tokyo = lab.client('sensor.tokyo', settings('tokyo'))
    t.equal('certificates: a sensor publishes what is its own', (tokyo('pub flow.tokyo a 1'), tokyo('flush 15000')), ('ok', 'ok'))
    t.equal('... and it arrives', texts(hub.take(1, 10000)), ['1'])
    engine = lab.client('engine', settings('engine'))
    t.equal('a reader with the rights of docs/transport.md and no others', engine('sub durable flow.'), 'ok')
    t.equal('... has its name, and its state', (engine('claim 1'), engine('load')[:8], engine('save 1 600000 5'), engine('load')),
            ('ok', 'error -6', 'ok', '1 600000 5'))
    got = engine.take(1, 10000)
    engine(f'ack {got[0][0]}')
    t.equal('... reads, publishes and acknowledges', (texts(got), engine('pub finding.surge f 2'), engine('flush 15000')),
            (['1'], 'ok', 'ok'))
    engine.close()
    engine = lab.client('engine', settings('engine'))
    t.equal('... and comes back to its place', (engine('sub durable flow.'), engine('fetch 1500')), ('ok', 'again'))

    tokyo('pub flow.osaka b 9')
    saw = wait_for(lambda: next((r for r in [tokyo('flush 500')] if r.startswith('error')), None))
    t.check("another site's subject is refused, and named", saw and saw.startswith('error -14') and 'flow.osaka' in saw, saw)
    t.equal('... counted', tokyo.counters()['denied'], 1)
    t.check('... in the log', tokyo.said('bus_nats_denied') and 'flow.osaka' in tokyo.said('bus_nats_denied')[0], tokyo.events())
    t.check('... and so is everything after it', tokyo('pub flow.tokyo c 3').startswith('error -14'))
    t.equal('... nothing else is affected', (texts(hub.take(1, 5000)), hub('fetch 500')), (['2'], 'again'))

    for name, ca, what in (('forged', 'ca', 'a certificate of another authority'),
                           ('hub', 'other', "a server whose authority we do not know")):
        c = lab.client('sensor.x', settings(name, ca))
        t.equal(f'{what}: nothing goes out', (c('pub flow.x a 1'), c('flush 2500')), ('ok', 'again'))
        t.check('... and the log says why', c.said('bus_nats_lost') and not c.said('bus_nats_connected'), c.events())
        c.kill()
    plain = lab.client('sensor.x', s.settings('plain'))
    plain('pub flow.x a 1')
    t.check('without TLS nothing goes out either', plain('flush 1500') == 'again' and plain.said('bus_nats_lost'), plain.events())
    plain.kill()
    t.equal('... and nothing has arrived', hub('fetch 500'), 'again')
    ids(t, lab, s, settings)
    for c in (hub, engine, tokyo):
        c.close()
    s.kill()


class Deaf:
    """Before a server: the first request for `what` does not reach it, as if it had no leader yet."""

    def __init__(self, port, what):
        self.pattern = re.compile(rb'PUB ' + re.escape(what) + rb' [^\r\n]*\r\n.*?\r\n', re.S)
        self.asked = self.logins = 0
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, args=(port,), daemon=True).start()

    def accept(self, port):
        while True:
            try:
                client = self.listener.accept()[0]
                server = socket.create_connection(('127.0.0.1', port))
            except OSError:
                return
            for a, b, hear in ((client, server, self.hear), (server, client, bytes)):
                threading.Thread(target=self.pump, args=(a, b, hear), daemon=True).start()

    def pump(self, a, b, hear):
        try:
            while data := a.recv(1 << 16):
                b.sendall(hear(data))
            b.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def hear(self, data):
        self.logins += data.count(b'CONNECT {')
        return self.pattern.sub(self.drop, data)

    def drop(self, match):
        self.asked += 1
        return b'' if self.asked == 1 else match[0]


class Gate:
    """Greets as the server behind it does, and closes on whoever wants to log in."""

    def __init__(self, port):
        with socket.create_connection(('127.0.0.1', port)) as s:
            self.greeting = s.makefile('rb').readline()
        self.logins = 0
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                with self.listener.accept()[0] as s:
                    s.sendall(self.greeting)
                    self.logins += s.recv(4096).startswith(b'CONNECT')
            except OSError:
                return


def no_leader(t, lab, server):
    for what in (b'$JS.API.STREAM.INFO.PRACTICE', b'$JS.API.CONSUMER.DURABLE.CREATE.PRACTICE.late'):
        deaf = Deaf(server.port, what)
        client = lab.client('late', lab.settings('deaf', [deaf.port]))
        t.check(f'a request that nobody answered is made again: {what.decode()}',
                client('sub durable all') == 'ok' and isinstance(client.take(1)[0], tuple))
        t.equal('... without a new connection', (deaf.asked, deaf.logins), (2, 1))
        client.close()
        deaf.listener.close()


def late_ack(t, lab, server):
    """A role acknowledges over a new connection, before it reads again, what it was given over the old one."""
    where = server.settings()
    pub, store = lab.client('sensor.late', where), lab.client('lateack', where)
    store('sub durable flow.late')
    pub('many flow.late 1 20 100')
    t.equal('twenty are there', pub('flush 10000'), 'ok')
    got = store.take(12)
    t.equal('a reader has taken twelve and said nothing', texts(got), numbers(1, 12))
    server.kill()
    server.start()
    store('pub flow.other x 0')
    t.equal('... the server dies; it is there again', store('flush 30000'), 'ok')
    store(f'ack {got[9][0]}')
    t.equal('... it acknowledges ten, and is heard', store('flush 20000'), 'ok')
    t.equal('... the rest comes once', texts(store.take(8)), numbers(13, 20))
    store.close()
    store = lab.client('lateack', where)
    store('sub durable flow.late')
    t.equal('... and again for the next of its name what it had not acknowledged', texts(store.take(10)), numbers(11, 20))


def strangers(t, lab, server):
    """What is in the stream, or is said to us, that is none of ours."""
    where = server.settings()
    raw = Raw(server.port)
    store, pub = lab.client('store', where), lab.client('sensor.tokyo', where)
    store('sub durable all')
    for m in store.take(100000, 700)[-1:]:
        store(f'ack {m[0]}')
    for subject in ('flow.TOKYO', 'flow.' + 'x' * 400, 'health.\u65e5\u672c'):
        raw.publish(subject, b'x')
    pub('pub flow.tokyo after1 mine')
    pub('flush 10000')
    t.equal('subjects that are none of ours are left out', texts(store.take(1, 10000)), ['mine'])
    t.equal('... and counted', store.counters()['alien'], 3)
    t.check('... and said once', len(store.said('bus_nats_alien')) == 1, store.events())
    big = pub('many flow.tokyo 1 1 8500000')
    t.check('a message larger than the server takes is refused, with both sizes',
            big.startswith('error -5') and '8388608' in big and '8500000' in big, big)
    t.equal('... counted', pub.counters()['too_big'], 1)
    t.equal('... and the next goes through', (pub('many flow.tokyo 2 2 8000000'), pub('flush 20000')), ('ok', 'ok'))
    t.check('an old server is named with the releases that are safe', pub.said('bus_nats_server_old') and
            '2.11.15' in pub.said('bus_nats_server_old')[0] if raw.info['version'].startswith('2.9') else True, pub.events())
    st, out, err = practice('check-config', where)
    t.check('check-config says it too', st == 0 and 'good' in out and
            (f'nats-server {raw.info["version"]}' in err and 'sync_interval' in err) == raw.info['version'].startswith('2.9'), err)
    for wrong, why in (("servers: [ 'http://x' ]", 'http://x'), ("servers: [ 'tls://x:99999' ]", 'x:99999'), ('servers: []', 'empty'),
                       ('cert: a.crt', 'nats.key'), ('stream: a.b', 'nats.stream')):
        st, _, err = practice('check-config', '-', input=f'nats:\n  {wrong}\n')
        t.check(f'check-config refuses {wrong}', st != 0 and why in err, (st, err))
    raw.ask('$JS.API.STREAM.DELETE.PRACTICE')
    raw.ask('$JS.API.STREAM.CREATE.PRACTICE', {'name': 'PRACTICE', 'subjects': ['flow.>'], 'storage': 'memory', 'num_replicas': 1,
                                               'retention': 'limits', 'max_msgs': -1, 'max_bytes': -1, 'max_consumers': -1})
    other = lab.client('sensor.osaka', where)
    saw = other('pub flow.osaka a 1')
    t.check('a stream that would lose records is refused', saw.startswith('error -12') and 'files' in saw, saw)
    for c in (store, pub, other):
        c.kill()
    raw.ask('$JS.API.STREAM.DELETE.PRACTICE')
    raw.close()


def limits(t, lab, server):
    """A reader that was away for longer than the stream keeps messages is told so."""
    where = server.settings('little', max_bytes='256 KiB')
    store, pub = lab.client('store', where), lab.client('sensor.tokyo', where)
    store('sub durable all')
    pub('many flow.tokyo 1 10 1000')
    pub('flush 10000')
    got = store.take(10, 5000)
    store(f'ack {got[-1][0]}')
    store('flush 10000')
    store.close()
    pub('many flow.tokyo 11 1000 1000')
    pub('flush 20000')
    store = lab.client('store', where)
    store('sub durable all')
    first = store.take(1, 5000)
    gone = int(first[0][3]) - 11
    t.check('what the limits deleted unread is counted', gone > 0 and store.counters()['gone'] == gone, (first, store.counters()))
    t.check('... and said', any(str(gone) in e for e in store.said('bus_nats_gone')), store.events())
    store.close()
    pub.close()
    raw = Raw(server.port)
    raw.ask('$JS.API.STREAM.DELETE.PRACTICE')
    raw.close()


def whole(t, lab, server):
    """practice run: the same captures over both buses."""
    d = lab.dir
    os.chmod(d, 0o755)
    practice('gen', '--out', d / 'demo', '--hours', 2, '--sensors', 2, '--rate', 10)
    files = sorted(str(p) for p in (d / 'demo').glob('*.pcap'))
    saw = {}
    runs = {}
    for name, more in (('local', []), ('nats', ['--config', str(server.settings('run'))])):
        with open(d / f'run-{name}.log', 'wb') as err:
            runs[name] = subprocess.run([PRACTICE, 'run', '--data', str(d / f'run-{name}'), '--listen', '127.0.0.1:0', '--once',
                                         '--json', '--speed', '0', *more, *files], stdout=subprocess.PIPE, stderr=err,
                                        timeout=200, check=False)
        store = d / f'run-{name}' / 'store'
        saw[name] = {'alerts': sorted(runs[name].stdout.decode().splitlines())}
        for what in ('findings', 'health', 'alerts'):
            rows = practice('query', what, '--store', store, '--json')[1].splitlines()
            saw[name]['stored ' + what] = sorted(rows)
        saw[name]['ports'] = practice('query', 'scan', 'by=port', '--store', store, '--json')[1]
    log = (d / 'run-nats.log').read_text()
    t.equal('practice run over nats ends in order', [r.returncode for r in runs.values()], [0, 0])
    t.check('... every role connected by itself, and there was no broker', log.count('"bus_nats_connected"') >= 8 and
            not (d / 'run-nats' / 'bus.sock').exists(), log[-3000:])
    for what in saw['local']:
        t.check(f'... the same {what} as over the local bus', saw['local'][what] and saw['nats'][what] == saw['local'][what],
                f'{len(saw["nats"][what])} and {len(saw["local"][what])}\n{saw["nats"][what][:2]}\n{saw["local"][what][:2]}')
    st, _, err = practice('bus', '--config', server.settings('run'), '--data', d / 'run-nats')
    t.check('practice bus says that there is none', st != 0 and 'run.bus is nats' in err, (st, err))


def main():
    t = Tap()
    tmp = tempfile.mkdtemp(prefix='practice-nats-')
    lab = Lab(tmp)
    try:
        server = suite(t, lab)
        no_leader(t, lab, server)
        late_ack(t, lab, server)
        strangers(t, lab, server)
        limits(t, lab, server)
        whole(t, lab, server)
        certificates(t, lab)
        cluster(t, lab)
    finally:
        lab.close()
        shutil.rmtree(tmp, ignore_errors=True)
    t.done()


main()
