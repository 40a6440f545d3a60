"""The whole chain on one box: two honeypots, bus, collector, store, alerts, notifier, page, and a real mail server. An
attack is told from its start to its end with exact numbers while each part is killed in turn, the other honeypot falls
silent for its victim, and a full disk delays and loses nothing."""
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import time

from chain import OFFSET, VICTIMS, Chain, Victim, own_network, wait
from mta import Missing, Mta
from tap import Tap, skip

CONF = '''
honeypots:
  - {{name: tokyo, country: JP, listen: [127.0.0.1], port-offset: {offset}, vectors: chargen, reply: yes, settle: 0, answer-bogons: yes}}
  - {{name: oslo, country: "NO", listen: [127.0.0.2], port-offset: {offset}, vectors: chargen, reply: yes, settle: 0, answer-bogons: yes}}
episode: {{gap: 60s, lateness: 0, update: 10s, quiet: 3s}}
notify:
  host: csirt.example
  rdns: no
  retry-first: 50ms
  retry-max: 500ms
  ways: []
  mail: {{server: 127.0.0.1, port: {port}, from: practice@csirt.example, tls: none, timeout: 5s}}
tenants:
  - name: xxxx
    network: XXXX-NET
    prefixes: [{victims}]
    ways: [mail, jsonl]
    mail-to: [noc@isp.example]
    max-per-hour: 100000
    updates: yes
'''
POTS = {'tokyo': '127.0.0.1', 'oslo': '127.0.0.2'}
UNTOLD_S = 2.5  # a steady pair is told once a second, and the bus has it a moment later
t = Tap()


class Steady(threading.Thread):
    """An attack that goes on, whatever happens."""

    def __init__(self, victim, pots, gap):
        super().__init__(daemon=True)
        self.victim, self.pots, self.gap, self.over = victim, pots, gap, False
        self.times = []  # of each request
        self.start()

    def run(self):
        while not self.over:
            for pot in self.pots:
                self.times.append(self.victim.ask(to=POTS[pot]))
            time.sleep(self.gap)

    def stop(self):
        self.over = True
        self.join()


def recorded(c, victim):
    """Packets of the victim in the store's hits."""
    return sum(h['packets'] for h in c.query('hits', f'victim={victim.address}'))


def lines(c, victim, state=None):
    return [x for x in c.jsonl() if x['victim'] == victim.address and state in (None, x['state'])]


def silence(c):
    """An attack seen by tokyo shuts oslo for its victim, and for nobody else."""
    v, other = Victim('198.18.1.9'), Victim('198.18.2.9')
    for pot, address in POTS.items():
        probe = Victim(f'198.18.3.{10 + len(pot)}')
        probe.ask(to=address)
        t.check(f'{pot} answers', wait(probe.answers))
        probe.close()
    v.ask(30)
    t.check('the attack starts', wait(lambda: lines(c, v, 'start')), c.log()[-2000:])
    v.answers()
    key = 'practice_honeypot_suppressed_silenced_total{instance="oslo"}'

    def shut():
        v.ask(to=POTS['oslo'])
        return c.metrics().get(key, 0) > 0
    t.check('the other honeypot falls silent for the victim', wait(shut, 20, 0.3), c.metrics())
    v.answers()
    v.ask(5, POTS['oslo'])
    other.ask(to=POTS['oslo'])
    t.check('... and answers others', wait(other.answers))
    t.equal('... not the victim', v.answers(), 0)
    other.close()
    return v


def killed_in_turn(c, mta, v):
    """While the attack goes on; what a honeypot has told by then is safe."""
    attack = Steady(v, ('tokyo', 'oslo'), 0.01)
    for name in ('collector', 'notify', 'store', 'bus', 'alert'):
        c.kill(name)
        time.sleep(0.1)  # it is hit while it catches up, too
    mta.kill()
    before = len(lines(c, v))
    wait(lambda: len(lines(c, v)) > before, 15)  # an update is told meanwhile
    mta.start()
    attack.stop()
    sent = v.sent
    got = wait(lambda: recorded(c, v) == sent and sent)
    t.equal('kill -9 of five roles in mid-attack: every packet is recorded', got or recorded(c, v), sent)
    t.equal('... and each death is told', [n for n in ('collector', 'notify', 'store', 'bus', 'alert')
                                           if f'{n} was killed by signal 9' not in c.log()], [])


def killed_honeypot(c):
    """What was told is safe; what was not yet is gone with it: at most what the last moment brought."""
    v = Victim('198.18.5.9')
    attack = Steady(v, ('tokyo',), 0.005)
    wait(lambda: lines(c, v, 'start'))
    wait(lambda: len(attack.times) >= 1000)  # it is steady now: told once a second, the worst case
    attack.over = True
    c.kill('honeypot.tokyo')
    dead = time.monotonic_ns()
    attack.join()
    v.ask(50)
    wait(lambda: recorded(c, v) >= v.sent - len(attack.times), 10)
    # Everything after the restart is recorded; before it, all but the untold.
    last = attack.times[-1]
    recent = sum(at > last - UNTOLD_S * 1e9 for at in attack.times)
    got = settled(lambda: recorded(c, v))
    lost = v.sent - got
    print(f'# honeypot killed at {len(attack.times)} packets, {(dead - last) / 1e9:.1f} s until the next one listened: '
          f'{lost} not told; {recent} came in the last {UNTOLD_S} s')
    t.check('kill -9 of a honeypot: at most what it had not told yet is missing', 0 <= lost <= recent, (v.sent, got, recent))
    v.ask(10)
    want = got + 10
    t.equal('... nothing else, and it counts on', wait(lambda: recorded(c, v) == want and want) or recorded(c, v), want)
    pause = Victim('198.18.6.9')
    pause.ask(40)
    t.equal('what a honeypot has told', wait(lambda: recorded(c, pause) == 40 and 40), 40)
    c.kill('honeypot.tokyo')
    pause.ask(7)
    t.equal('... no kill takes away', wait(lambda: recorded(c, pause) == 47 and 47) or recorded(c, pause), 47)
    return v, want, pause


def settled(value, seconds=2.5):
    """What it is when it has not changed for so long."""
    last, since = value(), time.monotonic()
    while time.monotonic() < since + seconds:
        time.sleep(0.2)
        now = value()
        if now != last:
            last, since = now, time.monotonic()
    return last


def full_disk(c):
    """The queue's device has no room for a while; attacks go on."""
    small = c.data / 'notify'
    filler = small / 'filler'
    s = os.statvfs(small)
    filler.write_bytes(b'x' * max(0, s.f_bavail * s.f_frsize - 8192))
    vs = [Victim(f'198.18.{20 + i}.9') for i in range(40)]
    for v in vs:
        v.ask(30)
    t.check('a full queue is said plainly', wait(lambda: 'notify_full' in c.log(), 20), c.log()[-1500:])
    filler.unlink()
    subprocess.run(['mount', '-o', 'remount,size=64m', small], check=False)
    told = wait(lambda: all(lines(c, v, 'start') for v in vs), 20)
    t.check('with room again everybody is told', told, [v.address for v in vs if not lines(c, v, 'start')])
    return vs


def threaded(mails, v):
    """The mails of one attack, oldest revision first, and whether they hang together."""
    mine = sorted((m for m in mails.values() if v.address in m['Subject']), key=lambda m: revision(m['Message-ID']))
    first = mine[0]['Message-ID'] if mine else None
    return mine, all(first in (m['References'] or '') and m['In-Reply-To'] for m in mine[1:])


def revision(message_id):
    return int(message_id.split('.')[1])


def story(c, mails, v, packets):
    mine, hang = threaded(mails, v)
    rows = {x['id']: x for x in lines(c, v)}
    t.check('start, update and end came by mail', len(mine) >= 3 and 'started' in mine[0]['Subject'] and
            'ended' in mine[-1]['Subject'], [m['Subject'] for m in mine])
    t.check('... as one thread', hang, [(m['Message-ID'], m['References']) for m in mine])
    t.equal('... each revision as mail and as JSON line', sorted(m['Message-ID'] for m in mine),
            sorted(f'<{i}@csirt.example>' for i in rows))
    total = [re.findall(r'Total packets : (\d+)', m.get_content()) for m in mine[-1:]]
    ends = [x['packets'] for x in lines(c, v, 'end')[-1:]]
    stored = [e['packets'] for e in c.query('episodes', f'victim={v.address}') if e['profile'] == 'isp']
    t.equal('... sent == in the end mail == in the JSON line == in the store', (total, ends, stored),
            ([[str(packets)]], [packets], [packets]))
    alerts = c.api('/api/v1/alerts')
    t.check('... and the page has its alert', f'drdos:{v.address}:chargen' in alerts, alerts[:600])


def main():
    own_network()
    base = tempfile.mkdtemp(prefix='practice-drdos-')
    pathlib.Path(base).chmod(0o755)
    try:
        mta = Mta(f'{base}/mta')
        mta.start()
    except Missing as why:
        skip(why)
    c = Chain(base, CONF.format(offset=OFFSET, port=mta.port, victims=VICTIMS), honeypots=2)
    (c.data / 'notify').mkdir(parents=True)
    limited = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=6m,mode=700', 'tmpfs', c.data / 'notify'],
                             capture_output=True).returncode == 0
    try:
        c.start()
        v = silence(c)
        killed_in_turn(c, mta, v)
        hurt, hurt_total, pause = killed_honeypot(c)
        more = full_disk(c) if limited else []
        for victim, packets in ((hurt, hurt_total), (pause, 47)):
            wait(lambda: lines(c, victim, 'end'), 75, 0.2)
        all_over = lambda: all(lines(c, x, 'end') for x in (v, hurt, pause, *more))  # noqa: E731
        t.check('every attack ends', wait(all_over, 75, 0.2), c.log()[-2000:])
        want = {f'<{x["id"]}@csirt.example>' for x in c.jsonl()}
        wait(lambda: want <= {m['Message-ID'] for m in mta.letters()}, 20, 0.3)
        letters = [m['Message-ID'] for m in mta.letters()]
        print(f'# {len(letters)} letters, {len(letters) - len(set(letters))} of them a second time under the same Message-ID')
        t.equal('every alert is one Message-ID, and none is missing', set(letters), want)
        mails = {m['Message-ID']: m for m in mta.letters()}
        story(c, mails, v, v.sent)
        ends = {x['victim']: x['packets'] for x in c.jsonl() if x['state'] == 'end'}
        t.equal('a killed honeypot\'s totals go on, too', (ends[hurt.address], ends[pause.address]), (hurt_total, 47))
        t.equal('the full disk cost nobody a packet', {ends[x.address] for x in more} - {30}, set())
        n = c.metrics()
        t.check('/metrics: ways, honeypots, attacks', n.get('practice_notify_mail_taken_total', 0) > 0 and
                n.get('practice_honeypot_requests_total{instance="oslo"}', 0) > 0 and
                n.get('practice_episode_hits_total', 0) > 0 and n.get('practice_notify_episodes_total', 0) > 0, n)
        t.equal('everything ends in order', c.end(), 0)
    finally:
        c.end()
        mta.stop()
        if t.bad:
            print('# ' + c.log()[-6000:].replace('\n', '\n# '))
        subprocess.run(['umount', '-l', c.data / 'notify'], capture_output=True)
        subprocess.run(['rm', '-rf', base], check=False)
    t.done()


main()
