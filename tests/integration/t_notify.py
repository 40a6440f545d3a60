"""The notifier with a real mail server: what arrives, and what is left of it when processes are killed."""
import os
import pathlib
import random
import socket
import struct
import subprocess
import tempfile
import threading
import time

from mta import Missing, Mta
from notifier import Notifier, episode
from tap import ROOT, Tap, skip

CONF = '''
notify:
  host: csirt.example
  rdns: no
  retry-first: 50ms
  retry-max: 500ms
  ways: []
  mail:
    server: 127.0.0.1
    port: {port}
    from: practice@csirt.example
    timeout: 5
tenants:
  - name: xxxx
    network: XXXX網
    language: ja
    time-zone: "+09:00"
    prefixes: [203.0.113.0/24]
    ways: [mail, jsonl]
    mail-to: [noc@isp.example]
    max-per-hour: 100000
'''


def body(letter):
    return letter.get_content()


def golden(name):
    return (ROOT / 'tests/golden' / name).read_text().split('\n\n', 1)[1]


def start_and_end(t, base, mta):
    n = Notifier(base, CONF.format(port=mta.port))
    n.start_bus()
    n.start()
    n.publish(episode(8))
    n.publish(episode(8, 'end', 5, at=1427847040.0))
    n.publish(episode(9, victim='192.0.2.7'))  # somebody else's
    letters = mta.wait_for(2)
    n.end()
    by_id = {m['Message-ID']: m for m in letters}
    t.equal('start and end arrive, and nothing of others', sorted(by_id),
            ['<e8.1.xxxx@csirt.example>', '<e8.5.xxxx@csirt.example>'])
    if len(by_id) != 2:
        return t.check('log', False, n.text())
    start, end = by_id['<e8.1.xxxx@csirt.example>'], by_id['<e8.5.xxxx@csirt.example>']
    t.equal('the start mail, to the last digit', body(start), golden('mail-start-ja.txt'))
    t.equal('the end mail, to the last digit', body(end), golden('mail-end-ja.txt'))
    t.equal('the end is a reply to the start', [end['In-Reply-To'], end['References']], [start['Message-ID']] * 2)
    t.equal('a subject in Japanese survives', start['Subject'], '[PRACTICE] XXXX網宛DRDoS攻撃開始通知: 203.0.113.9 (NTP)')
    t.equal('made by a machine', start['Auto-Submitted'], 'auto-generated')
    t.equal('the date is that of the attack', start['Date'], 'Wed, 01 Apr 2015 09:02:03 +0900')
    t.equal('the same as JSON', [(j['id'], j['state']) for j in n.jsonl()], [('e8.1.xxxx', 'start'), ('e8.5.xxxx', 'end')])


class Names(threading.Thread):
    """A DNS server that knows one name for every address, and takes its time."""

    def __init__(self, seconds):
        super().__init__(daemon=True)
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind(('127.0.0.1', 0))
        self.port, self.seconds = self.s.getsockname()[1], seconds

    def run(self):
        while True:
            q, who = self.s.recvfrom(512)
            time.sleep(self.seconds)
            name = b''.join(bytes([len(p)]) + p for p in b'host9.isp.example'.split(b'.')) + b'\0'
            answer = b'\xc0\x0c' + struct.pack('>HHIH', 12, 1, 60, len(name)) + name
            end = q.index(b'\0', 12) + 5
            self.s.sendto(q[:2] + b'\x81\x80' + struct.pack('>HHHH', 1, 1, 0, 0) + q[12:end] + answer, who)


def a_name_that_comes_late(t, base, mta):
    dns = Names(0.5)
    dns.start()
    conf = CONF.format(port=mta.port).replace('rdns: no', f'dns-servers: ["127.0.0.1:{dns.port}"]')
    n = Notifier(base, conf)
    n.start_bus()
    n.start()
    n.publish(episode(700, victim='203.0.113.9'))
    start = next((m for m in mta.wait_for(len(mta.files()) + 1, 10) if 'e700.1' in m['Message-ID']), None)
    t.check('a start does not wait for the name', start and body(start).endswith('[ドメイン]\n\n(end)\n'), start)
    time.sleep(1)
    n.publish(episode(700, 'end', 2, at=1427847040.0, victim='203.0.113.9'))
    end = next((m for m in mta.wait_for(len(mta.files()) + 1, 10) if 'e700.2' in m['Message-ID']), None)
    t.check('... the end has it', end and body(end).endswith('[ドメイン]\nhost9.isp.example\n\n(end)\n'), end)
    n.end()


def killed_in_mid_flow(t, base, mta, n_attacks=150):
    rnd = random.Random(4)
    n = Notifier(base, CONF.format(port=mta.port))
    n.start_bus()
    n.start()
    before = len(mta.files())
    want, kills = set(), {'notify': 0, 'mta': 0}
    for i in range(n_attacks):
        for state, rev in (('start', 1), ('end', 5)):
            n.publish(episode(i, state, rev, at=1427846523.0 + i))
            want.add(f'<e{i}.{rev}.xxxx@csirt.example>')
        if i % 15 == 7:
            time.sleep(rnd.random() * 0.1)
            if kills['notify'] <= kills['mta']:
                n.kill()
                n.start()
                kills['notify'] += 1
            else:
                mta.kill()
                time.sleep(0.3)
                mta.start()
                kills['mta'] += 1
    end = time.time() + 60
    got = []
    while time.time() < end:
        got = [m['Message-ID'] for m in mta.letters()] if len(mta.files()) - before >= len(want) else []
        if want <= set(got):
            break
        time.sleep(0.2)
    got = [m['Message-ID'] for m in mta.letters()]
    got = [m for m in got if m in want]
    n.end()
    print(f'# {kills["notify"]} times the notifier and {kills["mta"]} times the mail server were killed; '
          f'{len(want)} letters, {len(got) - len(set(got))} came twice (same Message-ID)')
    t.check('kill -9 of notifier and mail server: every letter arrived', want == set(got),
            f'missing {sorted(want - set(got))[:5]}\n{n.text()[-1500:]}')
    t.check('... and few came twice', len(got) - len(set(got)) <= 64 * kills['notify'], len(got) - len(set(got)))
    lines = n.jsonl()
    t.equal('... the same as JSON lines', {f'<{j["id"]}@csirt.example>' for j in lines}, want)


def full_device(t, base, mta):
    """The notifier's queue on a device of its own that is full, then has room again."""
    n = Notifier(base, CONF.format(port=mta.port))
    small = n.data / 'notify'
    small.mkdir(parents=True)
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=3m,mode=700', 'tmpfs', small], capture_output=True).returncode:
        print('# no right to mount: the full device is not tested here')
        return
    try:
        n.start_bus()
        n.start()
        n.publish(episode(500))
        mta.wait_for(len(mta.files()) + 1, 10)
        (small / 'filler').write_bytes(b'x' * (os.statvfs(small).f_bavail * os.statvfs(small).f_frsize - 8192))
        want = {f'<e{i}.1.xxxx@csirt.example>' for i in range(501, 561)}
        for i in range(501, 561):
            n.publish(episode(i))
        end = time.time() + 15
        while 'notify_full' not in n.text() and time.time() < end:
            time.sleep(0.1)
        t.check('a full device is said plainly', 'notify_full' in n.text(), n.text()[-800:])
        t.check('... and ends nothing', n.notify.poll() is None)
        (small / 'filler').unlink()
        subprocess.run(['mount', '-o', 'remount,size=64m', small], check=False)
        end = time.time() + 40
        while time.time() < end and not want <= {m['Message-ID'] for m in mta.letters()}:
            time.sleep(0.3)
        got = [m['Message-ID'] for m in mta.letters() if m['Message-ID'] in want]
        if not t.check('with room again every letter arrives', set(got) == want, sorted(want - set(got))[:5]):
            t.check('log', False, n.text()[-3000:])
        t.check('... and none twice', len(got) == len(set(got)), len(got) - len(set(got)))
    finally:
        n.end()
        subprocess.run(['umount', '-l', small], check=False)


t = Tap()
with tempfile.TemporaryDirectory() as base:
    pathlib.Path(base).chmod(0o755)
    try:
        mta = Mta(f'{base}/mta')
        mta.start()
    except Missing as why:
        skip(why)
    try:
        for what in (start_and_end, a_name_that_comes_late, killed_in_mid_flow, full_device):
            where = pathlib.Path(base, what.__name__)
            where.mkdir()
            what(t, where, mta)
    finally:
        mta.stop()
t.done()
