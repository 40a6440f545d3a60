"""Hits of two honeypots go over the bus: the collector makes episodes and alerts of them, the store keeps all of it,
and a collector that is killed in mid-attack goes on as if nothing had been."""
import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from tap import PRACTICE, ROOT, Tap, practice, skip

T0 = 1700000040  # a whole minute
FEEDER = os.environ.get('HIT_FEEDER', str(ROOT / 'build/tests/hit_feeder'))
CONF = 'episode:\n  gap: 60s\n  lateness: 0\n'


def text(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%f') + '000Z'


class Honeypot:
    def __init__(self, base, name):
        self.name, self.n = name, 0
        self.p = subprocess.Popen([FEEDER, f'{base}/data/bus.sock', name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True)

    def hit(self, victim, at, packets=1, vector='ntp_monlist', port=123, **more):
        self.n += 1
        rec = dict(id=f'{self.name}.{self.n}', sensor=self.name, site_country='JP', at=text(at), victim=victim,
                   vector=vector, port=port, to=text(at), packets=packets, bytes=8 * packets, request_len=8,
                   payload='00000000000000aa', victim_port=4444, ttl_min=60, ttl_max=60, ttl_count=1, **more)
        rec['from'] = rec['to']
        self.p.stdin.write('hit ' + json.dumps(rec) + '\n')

    def health(self, at):
        rec = dict(id=f'{self.name}.h{at}', sensor=self.name, at=text(at), source='honeypot')
        self.p.stdin.write('health ' + json.dumps(rec) + '\n')

    def flush(self):
        self.p.stdin.write('flush\n')
        self.p.stdin.flush()
        return self.p.stdout.readline()

    def end(self):
        self.p.stdin.close()
        return self.p.wait(20)


class Box:
    """Roles as processes of their own; their output in files."""

    def __init__(self, base):
        self.base, self.roles = base, {}
        pathlib.Path(f'{base}/c.yaml').write_text(CONF)

    def start(self, *names):
        for n in names:
            with open(f'{self.base}/{n}.err', 'a') as err, open(f'{self.base}/{n}.out', 'a') as out:
                self.roles[n] = subprocess.Popen([PRACTICE, n, '--config', f'{self.base}/c.yaml', '--data',
                                                  f'{self.base}/data'], stdout=out, stderr=err, stdin=subprocess.DEVNULL)

    def kill(self, name):
        self.roles[name].send_signal(signal.SIGKILL)
        self.roles.pop(name).wait()

    def query(self, *words):
        st, out, err = practice('query', *words, '--json', '--limit', '100000', '--store', f'{self.base}/data/store')
        return [json.loads(x) for x in out.splitlines()] if st == 0 else []

    def wait(self, what, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            got = what()
            if got:
                return got
            time.sleep(0.1)
        return what()

    def end(self):
        for n in ('collector', 'alert', 'store', 'bus'):
            if n in self.roles:
                self.roles[n].terminate()
                self.roles[n].wait(30)

    def log(self):
        return ''.join(p.read_text() for p in pathlib.Path(self.base).glob('*.err'))


class Listener:
    def __init__(self, base, prefix):
        self.path = f'{base}/heard'
        with open(self.path, 'w') as out:
            self.p = subprocess.Popen([FEEDER, f'{base}/data/bus.sock', '--listen', prefix], stdout=out)
        while 'listening' not in pathlib.Path(self.path).read_text() and self.p.poll() is None:
            time.sleep(0.05)

    def episodes(self, subject='episode.'):
        whole = pathlib.Path(self.path).read_text().rpartition('\n')[0].splitlines()
        lines = [line.split(' ', 2) for line in whole if line != 'listening']
        return [json.loads(rec) for _, s, rec in lines if s.startswith(subject)]


def main_story(t, box, listener):
    tokyo, oslo = Honeypot(box.base, 'tokyo'), Honeypot(box.base, 'oslo')
    for i in range(8):
        tokyo.hit('203.0.113.9', T0 + 50 + i)
    tokyo.hit('203.0.113.9', T0 + 70, 131)
    t.equal('the honeypot is told that its hits are safe', tokyo.flush(), 'flushed 9\n')
    alert = box.wait(lambda: box.query('alerts', 'key=drdos:203.0.113.9:ntp_monlist'))
    t.check('an alert is in the store', len(alert) == 1 and alert[0]['state'] == 'open', alert or box.log())
    ep = box.query('episodes', 'victim=203.0.113.9')
    t.equal('... and its episode', [e['profile'] for e in ep], ['isp'])
    t.equal('... with the numbers of the packets', [(e['state'], e['profile'], e['packets'], e['bins'], e['bin_max'],
                                                    e['pps_mean']) for e in ep if e['profile'] == 'isp'],
            [('start', 'isp', 139, 2, 131, 1.1583333333333334)])
    # killed in mid-attack; meanwhile the honeypots go on
    for i in range(50):
        oslo.hit('203.0.113.9', T0 + 71 + i, 7)
    oslo.flush()
    box.kill('collector')
    for i in range(50):
        tokyo.hit('203.0.113.9', T0 + 71 + i, 11)
        oslo.hit('203.0.113.9', T0 + 121 + i, 3)
    tokyo.flush(), oslo.flush()
    box.start('collector')
    tokyo.health(T0 + 400), oslo.health(T0 + 400)
    tokyo.flush(), oslo.flush()
    ended = box.wait(lambda: [e for e in box.query('episodes', 'state=end') if e['profile'] == 'isp'])
    total = 139 + 50 * 7 + 50 * 11 + 50 * 3
    t.equal('kill -9: the totals are exact', [(e['packets'], e['sensors']) for e in ended],
            [(total, ['tokyo 689', 'oslo 500'])])
    t.equal('... and the last packet is the end', ended and ended[0]['to'], text(T0 + 170)[:19] + 'Z')
    closed = box.wait(lambda: box.query('alerts', 'state=close'))
    t.equal('the alert has closed', [a['key'] for a in closed], ['drdos:203.0.113.9:ntp_monlist'])
    tokyo.health(T0 + 4000), oslo.health(T0 + 4000)
    tokyo.flush(), oslo.flush()
    ended = box.wait(lambda: len(box.query('episodes', 'state=end')) >= 4 and box.query('episodes', 'state=end'))
    t.equal('the published definitions have recorded it, too', sorted((e['profile'], e['packets']) for e in ended),
            [(p, total) for p in ('amppot', 'hopscotch', 'isp', 'mph')])
    t.equal('every hit is stored once', len(box.query('hits')), tokyo.n + oslo.n)
    t.equal('... and found by victim, sensor and port',
            len(box.query('hits', 'victim=203.0.113.0/24', 'sensor=oslo', 'port=123/udp')), oslo.n)
    box.wait(lambda: sum(e['state'] == 'end' for e in listener.episodes()) >= 4)  # it may be behind the store
    revisions = [(e['profile'], e['revision']) for e in listener.episodes()]
    t.check('no revision is missing, none is twice', all(
        [r for q, r in revisions if q == p] == list(range(1, 1 + sum(q == p for q, _ in revisions)))
        for p in ('isp', 'amppot', 'hopscotch', 'mph')) and len(revisions) >= 7, revisions)
    t.equal('only isp alerts', {e['profile'] for e in listener.episodes('episode.all')}, {'isp'})
    listener.p.kill()
    t.equal('the honeypots end in order', (tokyo.end(), oslo.end()), (0, 0))


def time_alone(t, box):
    """No hit, no health: the collector's own tick ends what is silent."""
    pot = Honeypot(box.base, 'lima')
    pot.hit('203.0.113.50', T0 + 5000, 500)
    pot.flush()
    box.wait(lambda: box.query('episodes', 'victim=203.0.113.50'))
    pot.health(T0 + 5058)
    pot.flush()
    ended = box.wait(lambda: [e for e in box.query('episodes', 'victim=203.0.113.50', 'state=end')
                              if e['profile'] == 'isp'])
    t.equal('silence ends an attack by itself', [e['packets'] for e in ended], [500])
    pot.hit('203.0.113.51', T0 + 10 ** 9, 500)  # a clock 30 years ahead
    pot.hit('203.0.113.52', T0 + 5100, 500)
    pot.health(T0 + 10 ** 9)
    pot.hit('203.0.113.53', T0 + 5101, 500)
    pot.flush()
    box.wait(lambda: box.query('episodes', 'victim=203.0.113.53'))
    t.equal('... not when it only says that it lives, either', box.query('episodes', 'victim=203.0.113.52', 'state=end'), [])
    t.equal('a clock that is far ahead is not believed', box.query('episodes', 'victim=203.0.113.51'), [])
    t.check('... and said once', box.log().count('collector_clock_ahead') == 1, box.log())
    pot.end()


def tuned(t, box):
    st, out, err = practice('tune', '--json', '--config', f'{box.base}/c.yaml', '--store', f'{box.base}/data/store')
    got = json.loads(out) if st == 0 else {}
    t.check('practice tune: the stored hits give the stored alerts again', st == 0 and got['now']['alerts'] >= 3 and
            got['now']['alerts'] == got['changed']['alerts'] and not got['gained'] and not got['lost'], out or err)
    st, out, err = practice('tune', '--json', '--config', f'{box.base}/c.yaml', '--store', f'{box.base}/data/store',
                            '--set', 'threshold=600', '--set', 'fast-packets=600', '--set', 'spread-packets=600')
    got = json.loads(out) if st == 0 else {}
    t.equal('... and other thresholds others', [a['target'] for a in got.get('lost', [])],
            ['203.0.113.50', '203.0.113.52', '203.0.113.53'])


def explained(t, box):
    alert = box.query('alerts', 'key=drdos:203.0.113.9:ntp_monlist')[0]
    st, out, err = practice('explain', alert['id'], '--store', f'{box.base}/data/store')
    t.check('practice explain: the alert walks back to the hits', st == 0 and 'tokyo.1 ' in out and
            'practice query what=hits victim=203.0.113.9 from=' in out, out + err)
    st, out, err = practice('explain', alert['id'], '--json', '--store', f'{box.base}/data/store')
    t.check('... as JSON, too', st == 0 and '{"hit":{"id":"tokyo.1"' in out, out + err)


def main():
    if not os.path.exists(FEEDER):
        skip('no hit_feeder beside this build')
    t = Tap()
    base = tempfile.mkdtemp(prefix='practice-collector-')
    box = Box(base)
    try:
        os.mkdir(f'{base}/data')
        listener = Listener(base, 'episode.')  # before there is a bus: it must miss nothing all the same
        box.start('bus', 'store', 'alert', 'collector')
        main_story(t, box, listener)
        time_alone(t, box)
        tuned(t, box)
        explained(t, box)
    finally:
        box.end()
        shutil.rmtree(base, ignore_errors=True)
    t.done()


main()
