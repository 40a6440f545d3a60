"""A whole run with made captures of three sensors, and all its records, to be compared with those of another run."""
import glob
import json
import pathlib
import random
import signal
import struct
import subprocess

from tap import PRACTICE, practice

T0, MINUTES = 1700000040, 40
SENSORS = ('tokyo', 'oslo', 'lima')


def ip(a):
    return bytes(int(x) for x in a.split('.'))


def capture(path, seed, net):
    """Background of scanners, and answers of a flooded host for a while (twice: it resumes)."""
    r, packets = random.Random(seed), []
    for m in range(MINUTES):
        for _ in range(120):
            src = bytes([r.randint(1, 200), r.randint(0, 255), r.randint(0, 255), r.randint(1, 254)])
            packets.append((T0 + m * 60 + r.random() * 60, src, r.choice([23, 80, 445, 1433]), 2, 40000))
    for m in list(range(5, 11)) + list(range(20, 25)):
        for _ in range(300):
            packets.append((T0 + m * 60 + r.random() * 60, ip('203.0.113.9'), r.randint(1024, 60000), 0x12, 80))
    packets.sort(key=lambda p: p[0])
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        for t, src, dport, flags, sport in packets:
            tcp = struct.pack('>HHIIBBHHH', sport, dport, r.getrandbits(32), 1, 0x50, flags, 1024, 0, 0)
            head = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 40, r.getrandbits(16), 0, 60, 6, 0, src,
                               ip(f'{net}.{r.randint(0, 255)}'))
            f.write(struct.pack('<IIII', int(t), int(t % 1 * 1e6), 40, 40) + head + tcp)


class Run:
    """practice run --once in a directory of its own; its roles by name. store: where its records are, when not there."""

    def __init__(self, base, name, speed, env=None, conf='', pre=None, files=None, store=None):
        self.data = pathlib.Path(base) / name
        self.store = store or self.data / 'store'
        self.err = open(f'{base}/{name}.err', 'w+')
        self.out = open(f'{base}/{name}.out', 'w+')
        conf_file = f'{base}/{name}.yaml'
        pathlib.Path(conf_file).write_text(conf)
        files = files or [f'{s}={base}/{s}.pcap' for s in SENSORS]
        args = [PRACTICE, 'run', '--once', '--config', conf_file, '--data', self.data, '--listen', '127.0.0.1:0',
                '--speed', str(speed), *files]
        self.p = subprocess.Popen([str(a) for a in args], stdout=self.out, stderr=self.err, stdin=subprocess.DEVNULL,
                                  preexec_fn=pre)

    def roles(self):
        """name -> pid of the children that live now."""
        out = {}
        for d in glob.glob('/proc/[0-9]*'):
            try:
                stat = pathlib.Path(d, 'stat').read_text()
            except OSError:
                continue
            name, rest = stat[stat.index('(') + 1:stat.rindex(')')], stat[stat.rindex(')') + 2:].split()
            if int(rest[1]) == self.p.pid and rest[0] != 'Z':
                out[name] = int(d[6:])
        return out

    def wait(self, seconds=120):
        try:
            return self.p.wait(seconds)
        except subprocess.TimeoutExpired:
            self.end()
            return 'it had to be ended'

    def end(self):
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGTERM)
            try:
                self.p.wait(30)
            except subprocess.TimeoutExpired:
                self.p.kill()
                self.p.wait()
        return self.p.returncode

    def log(self):
        self.err.seek(0)
        return self.err.read()

    def events(self):
        return [json.loads(line)['event'] for line in self.log().splitlines() if line.startswith('{')]

    def records(self, kinds=('findings', 'alerts', 'health', 'flows')):
        """All that the store holds of these, in one order."""
        out = {}
        for what in kinds:
            st, text, err = practice('query', what, '--json', '--limit', '1000000', '--store', self.store)
            out[what] = sorted(text.splitlines()) if st == 0 else err
        return out


def without_deltas(records):
    """Health counts since the last report: a restarted sensor counts the same packets, in fewer reports or more."""
    return {k: v for k, v in records.items() if k != 'health'}


def same(t, what, got, want):
    for k in want:
        if isinstance(got[k], str):
            return t.check(what, False, got[k])
        if got[k] != want[k]:
            miss, more = set(want[k]) - set(got[k]), set(got[k]) - set(want[k])
            return t.check(what, False, f'{k}: {len(got[k])} instead of {len(want[k])}; missing {sorted(miss)[:2]} '
                                        f'too many {sorted(more)[:2]}')
    return t.check(what, True)
