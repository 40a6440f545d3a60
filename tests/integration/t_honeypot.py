"""A honeypot, the bus and the store as processes on loopback: what is sent is what is recorded, to the packet; what is
answered is what the valve allows; the kill switch works."""
import collections
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

from tap import PRACTICE, Tap

OFFSET = 20000 + os.getpid() % 100 * 100
CHARGEN = OFFSET + 19
CONF = f"""
honeypots:
  - name: pot
    country: JP
    listen: [127.0.0.1, '::1']
    port-offset: {OFFSET}
    vectors: chargen
    reply: yes
    settle: 0
    answer-bogons: yes
    receive-buffer: 64 KiB
"""
# A role may not read /proc, which the leak checker of sanitizer builds wants at the end.
ENV = dict(os.environ, ASAN_OPTIONS=os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0')
t = Tap()


class House:
    """bus, store and honeypot of one data directory"""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='practice-hp-'))
        (self.dir / 'conf.yaml').write_text(CONF)
        self.live = {}
        for role in ('bus', 'store', 'honeypot'):
            self.start(role)

    def start(self, role):
        log = open(self.dir / f'{role}.log', 'ab')
        self.live[role] = subprocess.Popen([PRACTICE, role, '--config', self.dir / 'conf.yaml', '--data', self.dir / 'd'],
                                           stdout=log, stderr=log, env=ENV)
        if role == 'honeypot':
            self.wait_log('honeypot_listens')
        elif role == 'bus':
            wait(lambda: (self.dir / 'd/bus.sock').exists())

    def log(self):
        return (self.dir / 'honeypot.log').read_text()

    def wait_log(self, word, times=1):
        return wait(lambda: self.log().count(word) >= times)

    def stop(self, role):
        p = self.live.pop(role)
        p.send_signal(signal.SIGTERM)
        return p.wait(30)

    def hits(self):
        """All roles end in order, the store when it has what the honeypot said it had told."""
        status = [self.stop('honeypot')]
        told = sum(map(int, re.findall(r'(\d+) hits', self.log())))
        db = sqlite3.connect(f'file:{self.dir}/d/store/practice.db?mode=ro', uri=True)
        db.row_factory = sqlite3.Row
        wait(lambda: db.execute('select count(*) from hit').fetchone()[0] == told)
        rows = [dict(r) for r in db.execute('select * from hit order by id')]
        t.equal('the store has every hit that was told', len(rows), told)
        status += [self.stop(r) for r in ('store', 'bus')]
        t.equal('honeypot, store and bus end well', status, [0, 0, 0])
        return rows

    def done(self):
        for p in self.live.values():
            p.kill()
            p.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def wait(what, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.02)
    return False


def victim(address, port=0):
    six = ':' in address
    s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, port))
    return s


def ask(s, n, data=b'\n', port=CHARGEN):
    to = '::1' if s.family == socket.AF_INET6 else '127.0.0.1'
    for i in range(n):
        s.sendto(data, (to, port))
        if i % 20 == 19:
            time.sleep(0.002)  # the buffer is small on purpose


def answers(s, seconds=0.5):
    got = []
    s.settimeout(seconds)
    try:
        while True:
            got.append(len(s.recv(65535)))
    except OSError:
        return got


def text(ip):
    return socket.inet_ntop(socket.AF_INET6, ip).removeprefix('::ffff:')


def exact(house):
    sent, got = {}, {}
    socks = {a: victim(a) for a in [f'127.1.{i}.1' for i in range(1, 11)]}
    for i, (a, s) in enumerate(socks.items()):
        sent[a] = 3 + i * 20
        ask(s, sent[a])
    for a, s in socks.items():
        got[a] = answers(s, 0.2)
    t.check('at most three replies to one victim', all(0 < len(g) <= 3 for g in got.values()), got)
    one = victim('::1')
    ask(one, 7)
    sent['::1'] = 7
    t.equal('our own address is never answered', answers(one, 0.2), [])
    own = victim('127.2.0.1', OFFSET + 19)
    ask(own, 7)
    t.equal('a service port is never answered', answers(own, 0.2), [])
    sent['127.2.0.1'] = 7
    carpet = {a: victim(a) for a in [f'127.5.0.{i}' for i in range(1, 41)]}
    for a, s in carpet.items():
        sent[a] = 2
        ask(s, 2)
    n = sum(len(answers(s, 0.02)) for s in carpet.values())
    t.equal('a carpet of one /24 gets sixteen replies', n, 16)
    return sent, got


def switch(house):
    """SIGUSR1 shuts, SIGUSR2 opens, a file shuts."""
    pot = house.live['honeypot']
    pot.send_signal(signal.SIGUSR1)
    t.check('SIGUSR1 is said in the log', house.wait_log('honeypot_shut'))
    a, b, c = (victim(f'127.3.{i}.1') for i in range(3))
    ask(a, 1)
    t.equal('and nothing is answered', answers(a, 0.3), [])
    pot.send_signal(signal.SIGUSR2)
    t.check('SIGUSR2 opens again', house.wait_log('honeypot_open'))
    ask(b, 1)
    t.equal('and it answers', len(answers(b, 0.3)), 1)
    mute = house.dir / 'd/honeypot/mute'
    mute.write_text('')
    t.check('the file shuts too', house.wait_log('honeypot_shut', 2))
    ask(c, 1)
    t.equal('and nothing is answered, still', answers(c, 0.3), [])
    mute.unlink()
    house.wait_log('honeypot_open', 2)
    return {'127.3.0.1': 1, '127.3.1.1': 1, '127.3.2.1': 1}


def overrun(house):
    """While the process stands still its buffer overflows: what is lost is counted."""
    pot = house.live['honeypot']
    s = victim('127.4.0.1')
    pot.send_signal(signal.SIGSTOP)
    for _ in range(5000):
        s.sendto(b'\n', ('127.0.0.1', CHARGEN))
    pot.send_signal(signal.SIGCONT)
    time.sleep(1)
    return {'127.4.0.1': 5000}


def judge(hits, sent, got, lossy):
    packets, lost = collections.Counter(), collections.Counter()
    replies, reply_bytes, steps = collections.Counter(), collections.Counter(), collections.defaultdict(set)
    for h in sorted(hits, key=lambda h: int(h['id'].rsplit('.', 1)[1])):
        v = text(h['victim'])
        packets[v] += h['packets']
        lost[v] += h['lost']
        replies[v] += h['replies']
        reply_bytes[v] += h['reply_bytes']
        steps[v].add(packets[v])
    t.equal('every packet is recorded, and for its own victim', {a: packets[a] for a in sent}, sent)
    t.equal('nobody else is', set(packets) - set(sent) - set(lossy), set())
    t.equal('nothing was lost but on purpose', sum(lost.values()) - sum(lost[a] for a in lossy), 0)
    for a, n in lossy.items():
        t.equal(f'{a}: sent == packets + lost', packets[a] + lost[a], n)
        t.check('and some were lost', lost[a] > 0, lost)
    for a, g in got.items():
        t.equal(f'{a}: the replies recorded are those received', (replies[a], reply_bytes[a]), (len(g), sum(g)))
    for n in (5, 30, 100):
        late = [a for a in sent if sent[a] >= n and n not in steps[a]]
        t.equal(f'a hit is told at exactly packet {n}', late, [])
    minute = 60 * 10**9
    t.check('no hit spans two minutes', all(h['from'] // minute == h['to'] // minute for h in hits))
    t.check('port, vector and payload are the vector\'s',
            {(h['vector'], h['port'], h['request_len']) for h in hits} == {('chargen', 19, 1)})
    t.check('a TTL was seen', all(h['ttl_min'] == h['ttl_max'] == 64 and h['ttl_count'] == 1 for h in hits))


def main():
    house = House()
    try:
        sent, got = exact(house)
        sent.update(switch(house))
        lossy = overrun(house)
        judge(house.hits(), sent, got, lossy)
    finally:
        if t.bad:
            print('# ' + house.log().replace('\n', '\n# '), file=sys.stderr)
        house.done()
    t.done()


main()
