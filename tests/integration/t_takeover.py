#!/usr/bin/env python3
"""Processes that stand in for each other on a NATS bus: who has the name, where the state is, and that a worker killed or
paused in the middle of its work is taken over with the very findings of an undisturbed one."""
import base64
import datetime
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from natslab import Lab, Raw, wait_for
from tap import PRACTICE, Tap
from whole_run import MINUTES, SENSORS, T0, capture

CHUNK = 512 << 10


def until_ok(client, line, seconds=30):
    return wait_for(lambda: client(line) == 'ok', seconds)


def names(t, lab):
    s = lab.server('names')
    where = s.settings(lease='2s')
    raw = Raw(s.port)
    a, b = lab.client('engine.x', where), lab.client('engine.x', where)
    t.equal('the first gets the name, the second stands by', (a('claim 1'), b('claim 2')), ('ok', 'again'))
    t.check('... and may neither save nor load', b('save 1 100 1').startswith('error -14') and b('load').startswith('error -14'))
    t.check('... nobody else is in its way', (o := lab.client('engine.y', where))('claim 3') == 'ok' and o.close() == 0)
    t.check('there is no state yet', a('load').startswith('error -6'))
    t.equal('states are saved: small, of several chunks, small', [a(f'save {p} {n} {p}') for p, n in
                                                                  ((7, 100), (8, 5 * CHUNK + 1), (9, 3 * CHUNK))], ['ok'] * 3)
    t.equal('... and loaded', a('load'), f'9 {3 * CHUNK} 9')
    a('sub durable flow.')
    t.equal('the name is kept while it is used', ({a('fetch 1') and a('flush 1') for _ in range(30) if not time.sleep(0.1)},
                                                  b('claim 2')), ({'ok'}, 'again'))
    a.kill()
    t.check('its process killed: the other takes over', until_ok(b, 'claim 2'))
    t.equal('... with its state', b('load'), f'9 {3 * CHUNK} 9')
    b('save 10 900000 10')
    b.p.send_signal(signal.SIGSTOP)
    c = lab.client('engine.x', where)
    t.check('paused for longer than the lease: the next takes over', until_ok(c, 'claim 3'))
    t.equal('... with its state', c('load'), '10 900000 10')
    b.p.send_signal(signal.SIGCONT)
    late = b('save 11 700000 11')
    t.check('who was paused and goes on cannot save', late.startswith('error -8') and 'taken over' in late, late)
    t.check('... nor publish, and the log says why', b('pub finding.x late 1').startswith('error -8') and
            len(b.said('bus_nats_name_lost')) == 1, b.events())
    t.equal('... and the other goes on', (c('save 12 800000 12'), c('load')), ('ok', '12 800000 12'))
    again = lab.client('engine.x', where)
    c.kill()
    t.equal('the same owner comes back at once', (again('claim 3'), again('load')), ('ok', '12 800000 12'))
    again('save 13 800000 13')
    again.close()
    last = lab.client('engine.x', where)
    t.equal('a name given up is free at once', (last('claim 4'), last('load')), ('ok', '13 800000 13'))
    last('save 14 800000 14')
    t.equal('what nobody needs any more is gone: a head, two chunks', raw.ask('$JS.API.STREAM.INFO.PRACTICE_STATE')['state']['messages'], 3)
    last.close()
    damage(t, lab, where, raw)
    raw.close()
    b.kill()
    s.kill()


def damage(t, lab, where, raw):
    subjects = raw.ask('$JS.API.STREAM.INFO.PRACTICE_STATE', {'subjects_filter': 'state.engine_x.>'})['state']['subjects']
    raw.ask(sorted(x for x in subjects if x.endswith('.0'))[0], {'not': 'ours'})
    c = lab.client('engine.x', where)
    c('claim 5')
    t.check('a chunk that is not whole is seen', c('load').startswith('error -13'))
    raw.ask('state.engine_x.head', {'not': 'ours'})
    c.close()
    c = lab.client('engine.x', where)
    c('claim 5')
    t.check('... a head, too', c('load').startswith('error -13'))
    t.equal('... and what is saved then is good', (c('save 2 1000 3'), c('load')), ('ok', '2 1000 3'))
    raw.ask('state.engine_x.head', {'a head': 'of whoever had the name in between'})
    late = c('save 3 1000 3')
    t.check('no head is put over one that came in between', late.startswith('error -8') and 'taken over' in late, late)
    c.close()


def cluster(t, lab):
    """Three copies: the server that leads dies, and no name and no state is lost."""
    servers = lab.cluster(3)
    where = lab.settings('cluster', [s.port for s in servers], lease='8s', replicas=3)
    a, b = lab.client('engine.x', where), lab.client('engine.x', where)
    t.check('three servers: a name is given', until_ok(a, 'claim 1'))
    t.check('... and refused', b('claim 2') == 'again')
    t.check('a state is saved', until_ok(a, 'save 1 1000000 1'))
    raw = Raw(servers[0].port)
    leads = raw.ask('$JS.API.STREAM.INFO.PRACTICE_STATE')['cluster']['leader']
    raw.close()
    first = next(s for s in servers if s.name == leads)
    first.kill()
    t.check('the server that leads is killed: saving goes on', until_ok(a, 'save 2 700000 2'))
    first.start()
    t.check('... and with all of them', until_ok(a, 'save 3 900000 3'))
    t.equal('... the name was not lost', (b('claim 2'), a.said('bus_nats_name_lost')), ('again', []))
    a.kill()
    first.kill()
    t.check('its process killed, and a server: the other takes over', until_ok(b, 'claim 2'))
    t.equal('... with its state', wait_for(lambda: (saw := b('load')) != 'again' and saw), '3 900000 3')
    b.close()
    for s in servers:
        if s is not first:
            s.kill()


def messages(server):
    """Of the stream, in order: (subject, bytes)."""
    raw, out, seq = Raw(server.port), [], 1
    while 'message' in (m := raw.ask('$JS.API.STREAM.MSG.GET.PRACTICE', {'seq': seq}) or {}):
        out.append((m['message']['subject'], base64.b64decode(m['message'].get('data', ''))))
        seq += 1
    raw.close()
    return out


def findings(server):
    return sorted(json.dumps(json.loads(d)) for s, d in messages(server) if s.startswith('finding.'))


def mark(server):
    """How far a worker has come."""
    raw = Raw(server.port)
    m = raw.ask('$JS.API.STREAM.MSG.GET.PRACTICE', {'last_by_subj': 'mark.all'})
    raw.close()
    return json.loads(base64.b64decode(m['message']['data']))['at'] if 'message' in m else None


class Worker:
    def __init__(self, lab, conf, name):
        self.err = open(lab.dir / f'{name}-{len(lab.started)}.err', 'w+', encoding='utf-8')
        self.p = subprocess.Popen([PRACTICE, 'engine', '--worker', 'all', '--config', str(conf), '--data', str(lab.dir / name)],
                                  stdin=subprocess.DEVNULL, stdout=self.err, stderr=self.err)
        lab.started.append(self.p)

    def said(self, event):
        self.err.seek(0)
        return f'"{event}"' in self.err.read()

    def log(self):
        self.err.seek(0)
        return self.err.read()[-1500:]


def settings(lab, server):
    conf = server.settings('work', lease='2s')
    with open(conf, 'a', encoding='utf-8') as f:
        f.write('workers:\n  - name: all\nsensors:\n' +
                ''.join(f'  - name: {s}\n    files: [ {lab.dir}/{s}.pcap ]\n' for s in SENSORS))
    return conf


def recorded(lab):
    """What three sensors say of their captures, in the order of its times."""
    server, out = lab.server('feed'), []
    conf, last = settings(lab, server), None
    for i, s in enumerate(SENSORS):
        capture(f'{lab.dir}/{s}.pcap', i, f'10.{i}.0')
        with open(lab.dir / f'{s}.err', 'wb') as err:
            p = subprocess.Popen([PRACTICE, 'sensor', '--config', str(conf), '--data', str(lab.dir / s), '--name', s, '--speed', '0'],
                                 stdin=subprocess.DEVNULL, stdout=err, stderr=err)
        lab.started.append(p)
        end = T0 + MINUTES * 60
        wait_for(lambda s=s: any(m[0] == f'health.{s}' and seconds(json.loads(m[1])['at']) >= end for m in messages(server)))
        p.kill()
        p.wait(20)
    for s in SENSORS:
        last, mine = None, [m for m in messages(server) if m[0].endswith('.' + s)]
        for subject, data in reversed(mine):
            if subject.startswith('health.'):
                last = json.loads(data)['at']
            out.append((last or '9', subject, data))
    server.kill()
    return [m[1:] for m in sorted(reversed(out), key=lambda m: m[0])]


def seconds(at):
    return datetime.datetime.fromisoformat(at.replace('Z', '+00:00')).timestamp()


def publish(server, records):
    raw = Raw(server.port)
    for subject, data in records:
        raw.publish(subject, data)
    raw.ask('$JS.API.INFO')
    raw.close()


def undisturbed(t, lab, feed):
    """Findings, and the marks after each third of the feed."""
    server, marks = lab.server('calm'), []
    w = Worker(lab, settings(lab, server), 'calm-data')
    wait_for(lambda: 'state' in stream(server))
    for k in range(3):
        publish(server, feed[len(feed) * k // 3:len(feed) * (k + 1) // 3])
        marks.append(wait_for(lambda: done_reading(server, 'engine_all') and mark(server)))
    want = findings(server)
    w.p.terminate()
    t.equal('an undisturbed worker ends in order', w.p.wait(20), 0)
    t.check('... and found things', len(want) > 3, want)
    server.kill()
    return want, marks


def stream(server):
    raw = Raw(server.port)
    out = raw.ask('$JS.API.STREAM.INFO.PRACTICE')
    raw.close()
    return out or {}


def done_reading(server, consumer):
    """Nothing is left to be delivered, nor to be acknowledged: the state of all of it is saved."""
    raw = Raw(server.port)
    c = raw.ask(f'$JS.API.CONSUMER.INFO.PRACTICE.{consumer}')
    raw.close()
    return 'ack_floor' in c and c['num_pending'] == 0 and c['num_ack_pending'] == 0


def workers(t, lab):
    feed = recorded(lab)
    want, marks = undisturbed(t, lab, feed)
    n = len(feed)
    server = lab.server('rough')
    conf = settings(lab, server)
    a = Worker(lab, conf, 'a')
    wait_for(lambda: 'consumer' in str(stream(server).get('state')) and stream(server)['state']['consumer_count'] == 1)
    b = Worker(lab, conf, 'b')
    t.check('the second worker of the name stands by', wait_for(lambda: b.said('role_standby')), b.log())
    publish(server, feed[:n // 4])
    wait_for(lambda: done_reading(server, 'engine_all'))
    publish(server, feed[n // 4:n // 3])
    wait_for(lambda: mark(server) == marks[0])
    a.p.kill()
    a.p.wait(20)
    publish(server, feed[n // 3:n * 2 // 3])
    t.check('the first is killed: the second takes over', wait_for(lambda: b.said('role_takes_over')), b.log())
    t.check('... and comes as far', wait_for(lambda: mark(server) == marks[1]), (mark(server), marks))
    wait_for(lambda: done_reading(server, 'engine_all'))
    b.p.send_signal(signal.SIGSTOP)
    a = Worker(lab, conf, 'a')
    publish(server, feed[n * 2 // 3:])
    t.check('the second is paused: the first takes over again', wait_for(lambda: a.said('role_takes_over')), a.log())
    b.p.send_signal(signal.SIGCONT)
    t.check('... who was paused ends, to be started again', b.p.wait(30) != 0 and b.said('bus_nats_name_lost'), b.log())
    t.check('... and all is done', wait_for(lambda: mark(server) == marks[2]), (mark(server), marks))
    wait_for(lambda: done_reading(server, 'engine_all'))
    got = findings(server)
    t.check('the findings are those of an undisturbed worker', got == want,
            f'{len(got)} and {len(want)}; missing {sorted(set(want) - set(got))[:2]} too many {sorted(set(got) - set(want))[:2]}')
    t.check('... and no state was lost', not a.said('engine_state_lost') and not b.said('engine_state_lost'))
    a.p.terminate()
    t.equal('the worker ends in order', a.p.wait(20), 0)
    raw = Raw(server.port)
    saved = raw.ask('$JS.API.STREAM.INFO.PRACTICE_STATE')['state']
    raw.close()
    t.check('... and its state had several chunks', saved['messages'] > 3 and saved['bytes'] > 2 * CHUNK, saved)


def main():
    t = Tap()
    tmp = tempfile.mkdtemp(prefix='practice-takeover-')
    os.chmod(tmp, 0o755)
    lab = Lab(tmp)
    try:
        names(t, lab)
        cluster(t, lab)
        workers(t, lab)
    finally:
        lab.close()
        shutil.rmtree(tmp, ignore_errors=True)
    t.done()


main()
