#!/usr/bin/env python3
"""Processes that stand in for each other on a NATS bus: who has the name, where the state is, and that a worker killed or
paused in the middle of its work is taken over with the very findings of an undisturbed one."""
import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from natslab import Lab, Raw, wait_for
from tap import PRACTICE, Tap
from whole_run import SENSORS, capture

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
    c.close()


def stored(port, first):
    """The stream's messages of a kind: id -> record."""
    raw, out = Raw(port), {}
    info = raw.ask('$JS.API.STREAM.INFO.PRACTICE')
    for seq in range(1, info['state']['last_seq'] + 1 if 'state' in info else 1):
        m = raw.ask('$JS.API.STREAM.MSG.GET.PRACTICE', {'seq': seq})
        if m.get('message', {}).get('subject', '').startswith(first):
            rec = json.loads(base64.b64decode(m['message']['data']))
            out[rec['id']] = rec
    raw.close()
    return out


class Worker:
    def __init__(self, lab, conf, name):
        self.err = open(lab.dir / f'{name}.err', 'w+')
        self.p = subprocess.Popen([PRACTICE, 'engine', '--worker', 'all', '--config', str(conf), '--data', str(lab.dir / name)],
                                  stdin=subprocess.DEVNULL, stdout=self.err, stderr=self.err)
        lab.started.append(self.p)

    def said(self, event):
        self.err.seek(0)
        return f'"{event}"' in self.err.read()


def settings(lab, server, piece):
    conf = server.settings(f'piece{piece}', lease='2s')
    with open(conf, 'a', encoding='utf-8') as f:
        f.write('workers:\n  - name: all\nsensors:\n' + ''.join(
            f'  - name: {s}\n    files: [ {lab.dir}/{s}-{piece}.pcap ]\n' for s in SENSORS))
    return conf


def play(lab, server, piece):
    conf = settings(lab, server, piece)
    for s in SENSORS:
        subprocess.run([PRACTICE, 'sensor', '--config', str(conf), '--data', str(lab.dir / server.name / s), '--name', s,
                        '--speed', '0'], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=True)


def mark(server):
    return max((m['at'] for m in stored(server.port, 'mark.').values()), default=None)


def cut(lab):
    """Each capture in three pieces, the cuts in the middle of a slot."""
    for i, s in enumerate(SENSORS):
        capture(f'{lab.dir}/{s}.pcap', i, f'10.{i}.0')
        data = (lab.dir / f'{s}.pcap').read_bytes()
        head, rest = data[:24], data[24:]
        one = 16 + 40
        n = len(rest) // one
        for k in range(3):
            (lab.dir / f'{s}-{k}.pcap').write_bytes(head + rest[n * k // 3 * one:n * (k + 1) // 3 * one])


def workers(t, lab):
    cut(lab)
    calm, rough = lab.server('calm'), lab.server('rough')
    w = Worker(lab, settings(lab, calm, 0), 'calm-data')
    marks = []
    for piece in range(3):
        play(lab, calm, piece)
        marks.append(wait_for(lambda: (now := mark(calm)) and still(calm, now)))
    want = stored(calm.port, 'finding.')
    w.p.terminate()
    t.equal('an undisturbed worker ends in order', w.p.wait(20), 0)
    t.check('... and found things', len(want) > 3, want)
    conf = settings(lab, rough, 0)
    a = Worker(lab, conf, 'a')
    wait_for(lambda: (lab.dir / 'a' / 'engine' / 'all' / 'owner').exists())
    time.sleep(1)
    b = Worker(lab, conf, 'b')
    t.check('the second worker of the name stands by', wait_for(lambda: b.said('role_standby')))
    play(lab, rough, 0)
    wait_for(lambda: mark(rough))
    a.p.kill()
    a.p.wait(20)
    play(lab, rough, 1)
    t.check('the first is killed: the second takes over', wait_for(lambda: b.said('role_takes_over')))
    t.check('... and comes as far', wait_for(lambda: mark(rough) == marks[1]), (mark(rough), marks))
    b.p.send_signal(signal.SIGSTOP)
    a = Worker(lab, conf, 'a')
    play(lab, rough, 2)
    t.check('the second is paused: the first takes over again', wait_for(lambda: a.said('role_takes_over')))
    b.p.send_signal(signal.SIGCONT)
    t.check('... who was paused ends, to be started again', b.p.wait(30) != 0 and b.said('bus_nats_name_lost'))
    t.check('... and all is done', wait_for(lambda: mark(rough) == marks[2]), (mark(rough), marks))
    got = stored(rough.port, 'finding.')
    t.check('the findings are those of an undisturbed worker', got == want,
            f'missing {sorted(set(want) - set(got))[:3]} too many {sorted(set(got) - set(want))[:3]} '
            f'other {[k for k in want if k in got and got[k] != want[k]][:2]}')
    t.check('... and no state was lost', not a.said('engine_state_lost') and not b.said('engine_state_lost'))
    a.p.terminate()
    t.equal('the worker ends in order', a.p.wait(20), 0)


def still(server, now):
    """now, if nothing more comes."""
    time.sleep(1.5)
    return now if mark(server) == now else None


def main():
    t = Tap()
    tmp = tempfile.mkdtemp(prefix='practice-takeover-')
    os.chmod(tmp, 0o755)
    lab = Lab(tmp)
    try:
        names(t, lab)
        workers(t, lab)
    finally:
        lab.close()
        shutil.rmtree(tmp, ignore_errors=True)
    t.done()


main()
