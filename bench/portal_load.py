#!/usr/bin/env python3
"""The portal under load, all by loopback: `practice bus` and `practice portal` over an embedded store, live listeners, questions at
a fixed rate, flow batches and alerts over the bus, meanwhile (--eye-during) or after it alerts to the eye, in a browser; then a static
file of it beside nginx's.

  questions   open loop: a question is asked when it is due, and its time counts from then; the page's mix
  listeners   every event of the portal must come to all of them: ids without a hole, no `gap`
  eye         from just before an alert is given to the bus until a frame is drawn after its title is in the page

Usage: bench/portal_load.py STORE [--seconds S] [--viewers N] [--rate R] [--alerts N] [--eye N] [--eye-during] [--only MIX] [--study] [--reader JP] [--rounds N]
STORE: of `practice store` (bench_store ROWS STORE makes one of a made day); only read.
On a machine with other work: nice -n -20 bench/portal_load.py ... Needs nginx, wrk, chromium and ninja -C build tests/bus_drive.
PRACTICE: the program, else build's"""
import argparse
import asyncio
import json
import multiprocessing
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
PRACTICE = os.environ.get('PRACTICE') or str(ROOT / 'build/src/practice')
DRIVE = ROOT / 'build/tests/bus_drive'
PASSWORD = 'correct horse battery'
SENSORS = ('tokyo', 'osaka', 'paris', 'berlin', 'sydney', 'fremont', 'delhi', 'lagos', 'lima', 'oslo', 'seoul')
IDLE = 5  # seconds after which a connection is not asked again: the server ends those that nobody uses
ROWS = 1000  # of a batch; each sensor says one a second: a minute, sixty times too fast


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def percentile(v, p):
    v = sorted(v)
    return v[min(len(v) - 1, int(len(v) * p / 100))] if v else None


def text(minute):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(minute * 60))


# ---- what is asked ----

def mix(end, senders):
    """(name, weight, paths): what pages that people look at ask, by how often. end: the minute after the store's last."""
    def hours(n, ago=0):
        return f'from={text(end - 60 * (n + ago))}&to={text(end - 60 * ago)}'
    some = [random.randrange(1, 23) for _ in range(8)]
    return [
        ('status', 10, ['/status']),
        ('top', 8, ['/top?by=port', '/top?by=country', '/top?by=asn']),
        ('series', 6, ['/series?minutes=180', '/series?minutes=1440']),
        ('alerts', 8, ['/alerts']),
        ('top, stored', 4, [f'/top?by={by}&{hours(1, h)}' for h in some for by in ('port', 'country', 'asn')] + [f'/top?by=port&{hours(24)}']),
        ('series, stored', 4, [f'/series?step=1h&port=1433/tcp&{hours(24)}', f'/series?step=1h&by=country&{hours(24)}', f'/series?step=1m&{hours(1, 3)}']),
        ('attacks', 2, ['/attacks']),
        ('ports/heat', 2, ['/ports/heat']),
        ('mine', 2, ['/mine?country=JP', '/mine?country=AB']),
        ('flows', 2, [f'/flows?port=1433/tcp&country=AB&limit=20&{hours(1, h)}' for h in some] + [f'/flows?limit=100&{hours(1, h)}' for h in some]),
        ('host', 1, [f'/host/{s}?{hours(24)}' for s in senders]),
        ('about', 0.2, ['/about/1433/tcp', '/about/23/tcp', '/about/9999/tcp']),
    ]


class Asker:
    """Questions at a fixed rate over connections that are kept; a process of its own."""

    def __init__(self, port, head, rate, seconds, questions, seed):
        self.port, self.head, self.rate, self.seconds, self.questions, self.seed = port, head, rate, seconds, questions, seed
        self.free, self.took, self.bad = [], {}, {}

    async def exchange(self, path):
        self.free = [c for c in self.free if time.monotonic() - c[2] < IDLE]
        r, w, _ = self.free.pop() if self.free else (*await asyncio.open_connection('127.0.0.1', self.port, limit=1 << 20), 0)
        w.write(f'GET /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n{self.head}\r\n'.encode())
        head = (await r.readuntil(b'\r\n\r\n')).decode().lower()
        n = int(re.search(r'content-length: (\d+)', head)[1])
        await r.readexactly(n)
        if 'connection: close' in head:
            w.close()
        else:
            self.free.append((r, w, time.monotonic()))
        return int(head.split()[1])

    async def one(self, due, name, path):
        try:
            status = await self.exchange(path)
        except (OSError, EOFError, TypeError) as e:
            status = type(e).__name__
        if status == 200:
            self.took.setdefault(name, []).append((time.monotonic() - due, path))
        else:
            self.bad[f'{name} {status}'] = self.bad.get(f'{name} {status}', 0) + 1

    async def all(self):
        loud = random.Random(self.seed)
        names, weights = [q[0] for q in self.questions], [q[1] for q in self.questions]
        paths = {q[0]: q[2] for q in self.questions}
        begin, tasks = time.monotonic(), []
        for i in range(int(self.rate * self.seconds)):
            due = begin + i / self.rate
            wait = due - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            name = loud.choices(names, weights)[0]
            tasks.append(asyncio.create_task(self.one(due, name, loud.choice(paths[name]))))
        await asyncio.wait(tasks, timeout=60)

    def run(self, out):
        asyncio.run(self.all())
        out.send((self.took, self.bad))


# ---- who listens ----

class Listener(asyncio.Protocol):
    def __init__(self, port, head):
        self.head, self.rest, self.last, self.first = head, b'', None, None
        self.events = self.gaps = self.holes = self.bytes = 0
        self.ended = False
        self.line = re.compile(rb'^(?:id: ?(\d+)|event: ?(gap))\r?$', re.M)

    def connection_made(self, transport):
        self.transport = transport
        transport.write(f'GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{self.head}\r\n'.encode())

    def data_received(self, data):
        self.bytes += len(data)
        data = self.rest + data
        cut = data.rfind(b'\n') + 1
        self.rest = data[cut:]
        for found in self.line.finditer(data, 0, cut):
            if found[2]:
                self.gaps += 1
                continue
            n = int(found[1])
            self.events += 1
            self.holes += self.last is not None and n != self.last + 1
            self.first = n if self.first is None else self.first
            self.last = n

    def connection_lost(self, why):
        self.ended = True


def from_(i):
    """Everybody has an address, by what the proxy in front says: one address alone has a share of the streams."""
    return f'X-Forwarded-For: 198.51.{100 + i // 250}.{1 + i % 250}\r\n'


async def listen_all(port, heads, n, over, ready):
    loop = asyncio.get_running_loop()
    all_ = [(await loop.create_connection(lambda i=i: Listener(port, heads[i % len(heads)] + from_(i)), '127.0.0.1', port))[1] for i in range(n)]
    ready.set()
    while not over.is_set():
        await asyncio.sleep(0.2)
    return all_


def listen(port, heads, n, over, ready, out):
    got = asyncio.run(listen_all(port, heads, n, over, ready))
    begin = max((x.first or 0) for x in got)
    out.send(dict(listeners=len(got), ended=sum(x.ended for x in got), none=sum(x.last is None for x in got),
                  events=sum(x.events for x in got), bytes=sum(x.bytes for x in got), holes=sum(x.holes for x in got),
                  gaps=sum(x.gaps for x in got), last_ids=[min(x.last or 0 for x in got), max(x.last or 0 for x in got)], began=begin))


# ---- what happens meanwhile ----

class Client:
    """Of the bus: one command, one answer."""

    def __init__(self, name, sock):
        self.p = subprocess.Popen([DRIVE, name, sock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if self.p.stdout.readline().strip() != 'ok':
            raise RuntimeError('no bus')

    def say(self, *lines):
        """Each is answered `ok`; `again`: it is said again."""
        for line in lines:
            said = 'again'
            while said == 'again':
                self.p.stdin.write(line + '\n')
                self.p.stdin.flush()
                said = self.p.stdout.readline().strip()
            if said != 'ok':
                raise RuntimeError(f'bus: {said}')

    def end(self):
        self.p.stdin.close()
        self.p.wait(10)


def alert(n, minute, state='open', revision=1):
    """Of its own title each; the newest of the worst stands first on the page."""
    at = time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(minute * 60)) + f'.{n:06d}Z'
    return dict(id=f'load-{n}', key=f'port:{n}/tcp', kind='surge-port', state=state, revision=revision, at=at, opened=text(minute - 2),
                severity='critical', tlp='TLP:GREEN', title=f'Load number {n} of alerts', text='4210 sources a day, 310 are usual', score=13.4,
                value=4210, baseline=310, unit='sources/day', sensors=['tokyo', 'paris'], ports=['1433/tcp'], packets=18233,
                finding_count=4, **{'from': text(minute - 9), 'to': text(minute)})


class Traffic(threading.Thread):
    """Batches of every sensor once a second, `alerts` alerts a second."""

    def __init__(self, site, minute, alerts):
        super().__init__(daemon=True)
        self.minute, self.over, self.n, self.alerts, self.said = minute, threading.Event(), 0, alerts, 0
        self.sensors = [Client(f'sensor.{s}', site.sock) for s in SENSORS]
        self.teller = Client('alert', site.sock)

    def run(self):
        next_ = time.monotonic()
        i = 0
        while not self.over.wait(max(0, next_ - time.monotonic())):
            next_ += 1 / len(self.sensors)
            self.sensors[i % len(self.sensors)].say(f'flow {self.minute + i // len(self.sensors)} {ROWS}', 'flush 1000')
            self.said += 1
            i += 1
            if self.n < self.alerts * i / len(self.sensors):
                self.n += 1
                a = alert(self.n, self.minute + i // len(self.sensors))
                self.teller.say(f'pub alert.main {a["id"]}.1 {json.dumps(a)}', 'flush 1000')

    def end(self):
        self.over.set()
        self.join(10)
        for c in [*self.sensors, self.teller]:
            c.end()


class Site:
    """Bus and portal, as roles."""

    def __init__(self, base, store, accounts, viewers):
        self.base, self.port = pathlib.Path(base), free_port()
        self.data = self.base / 'data'
        self.data.mkdir()
        (self.data / 'store').symlink_to(pathlib.Path(store).resolve())
        self.conf = self.base / 'practice.yaml'
        self.conf.write_text(f"run: {{data: '{self.data}', drop-rights: no}}\nportal:\n  listen: 127.0.0.1:{self.port}\n  rate: 0\n"
                             f"  max-per-address: 2000\n  max-connections: 2000\n  max-streams: {viewers + 50}\n  proxies: [127.0.0.1]\n"
                             f"  accounts: {'yes' if accounts else 'no'}\n")
        self.log = open(self.base / 'log', 'a+')
        self.sock = str(self.data / 'bus.sock')
        self.roles = {}

    def access(self, *args):
        subprocess.run([PRACTICE, 'access', *args, '--config', self.conf], input=PASSWORD + '\n', text=True, check=True, stdout=subprocess.DEVNULL)

    def start(self):
        for name in ('bus', 'portal'):
            self.roles[name] = subprocess.Popen([PRACTICE, name, '--config', self.conf], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        for _ in range(1200):
            if self.ask('/me') is not None:
                return
            time.sleep(0.1)
        raise RuntimeError('no portal: ' + (self.base / 'log').read_text())

    def ask(self, path, headers=None):
        try:
            return urllib.request.urlopen(urllib.request.Request(f'http://127.0.0.1:{self.port}/api/v1{path}', headers=headers or {}), timeout=60).read()
        except OSError:
            return None

    def sign_in(self, user):
        r = urllib.request.urlopen(urllib.request.Request(f'http://127.0.0.1:{self.port}/api/v1/session', json.dumps(dict(user=user, password=PASSWORD)).encode(),
                                                          {'Content-Type': 'application/json', 'X-Practice': '1'}), timeout=60)
        return r.headers['Set-Cookie'].split(';')[0]

    def memory(self):
        t = pathlib.Path(f'/proc/{self.roles["portal"].pid}/status').read_text()
        return {k: round(int(re.search(rf'^{k}:\s+(\d+)', t, re.M)[1]) / 1024, 1) for k in ('VmRSS', 'RssAnon')}

    def cpu(self):
        f = pathlib.Path(f'/proc/{self.roles["portal"].pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(f[11]) + int(f[12])) / os.sysconf('SC_CLK_TCK')

    def end(self):
        for p in reversed(self.roles.values()):
            p.send_signal(signal.SIGTERM)
            try:
                p.wait(20)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()


def study(site, head, over):
    """What takes long, one after the other, all the time."""
    cookie = head.strip().partition(': ')[2]
    while not over.is_set():
        site.ask('/about/1433/tcp', {'Cookie': cookie} if cookie else None)


def senders(site, head, end):
    """Of some flows of four hours: the louder one is, the more often it is among them."""
    cookie = head.strip().partition(': ')[2]
    rows = []
    for ago in (60, 400, 800, 1200):
        rows += json.loads(site.ask(f'/flows?limit=10&from={text(end - ago - 60)}&to={text(end - ago)}', {'Cookie': cookie} if cookie else None))['rows']
    return sorted({r['src'] for r in rows})


def load(site, args, heads, end, eye):
    """eye: the one that looks meanwhile, or None."""
    over, ready = multiprocessing.Event(), multiprocessing.Event()
    a, a_out = multiprocessing.Pipe(False)
    b, b_out = multiprocessing.Pipe(False)
    questions = [q for q in mix(end, senders(site, heads[0], end)) if not args.only or q[0] in args.only.split('+')]
    ears = multiprocessing.Process(target=listen, args=(site.port, heads, args.viewers, over, ready, a_out))
    ears.start()
    ready.wait(60)
    traffic = Traffic(site, end, args.alerts)
    traffic.start()
    over_studies = threading.Event()
    studies = threading.Thread(target=study, args=(site, heads[0], over_studies)) if args.study else None
    if studies:
        studies.start()
    time.sleep(2)
    memory, cpu = [site.memory()], site.cpu()
    took, bad = {}, {}
    looks = threading.Thread(target=eye.tell) if eye else None
    if looks:
        looks.start()
    for i in range(args.rounds):
        time.sleep(10 if i else 0)
        asker = multiprocessing.Process(target=Asker(site.port, heads[0], args.rate, args.seconds, questions, i).run, args=(b_out,))
        asker.start()
        took_now, bad_now = b.recv()
        for name, v in took_now.items():
            took.setdefault(name, []).extend(v)
        for name, n in bad_now.items():
            bad[name] = bad.get(name, 0) + n
        memory.append(site.memory())
        asker.join()
    if looks:
        eye.over.set()  # what comes behind it is not under load
        looks.join()
    cpu = site.cpu() - cpu
    over_studies.set()
    traffic.end()
    time.sleep(2)
    over.set()
    heard = a.recv()
    ears.join()
    every = [s for v in took.values() for s, _ in v]
    print(json.dumps(dict(bench='portal_load', questions=len(every), not_200=bad, p50_ms=ms(percentile(every, 50)), p99_ms=ms(percentile(every, 99)),
                          max_ms=ms(max(every)), portal_cpu_s=round(cpu, 2), seconds=args.seconds, study=args.study, batches=traffic.said, alerts=traffic.n,
                          memory_mb=memory, load=os.getloadavg()[0], **heard)), flush=True)
    for name, v in sorted(took.items()):
        s = [x for x, _ in v]
        print(json.dumps(dict(bench='portal_load ' + name, n=len(s), p50_ms=ms(percentile(s, 50)), p99_ms=ms(percentile(s, 99)), max_ms=ms(max(s)),
                              slowest=max(v)[1])), flush=True)


def ms(s):
    return None if s is None else round(s * 1e3, 2)


# ---- a file beside nginx ----

def wrk(url):
    out = subprocess.run(['wrk', '-t1', '-c32', '-d5s', '--latency', url], stdout=subprocess.PIPE, text=True, check=True).stdout
    tail = re.search(r'99%\s+([\d.]+)(us|ms|s)', out)
    wrong = re.search(r'Non-2xx or 3xx responses: (\d+)', out)
    return dict(requests_per_s=float(re.search(r'Requests/sec:\s+([\d.]+)', out)[1]), p99_ms=float(tail[1]) * {'us': 1e-3, 'ms': 1, 's': 1e3}[tail[2]],
                not_200=int(wrong[1]) if wrong else 0)


def beside_nginx(site, tmp):
    page = urllib.request.urlopen(f'http://127.0.0.1:{site.port}/').read().decode()
    name = re.search(r'assets/[\w.-]+\.css|[\w./-]+\.css', page)[0].lstrip('/')
    body = urllib.request.urlopen(f'http://127.0.0.1:{site.port}/{name}').read()
    www, port = pathlib.Path(tmp) / 'www', free_port()
    (www / name).parent.mkdir(parents=True)
    (www / name).write_bytes(body)
    conf = www.parent / 'nginx.conf'
    conf.write_text(f'daemon off; worker_processes 1; pid {tmp}/nginx.pid; error_log {tmp}/nginx.log; user root;\nevents {{}}\n'
                    f'http {{ access_log off; types {{ text/css css; }} sendfile on; open_file_cache max=100; server {{ listen 127.0.0.1:{port}; root {www}; }} }}\n')
    p = subprocess.Popen([shutil.which('nginx') or '/usr/sbin/nginx', '-c', conf], stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)  # it listens
        got = {}
        for _ in range(2):  # in turns; the better of two
            for who, at in (('portal', site.port), ('nginx', port)):
                r = wrk(f'http://127.0.0.1:{at}/{name}')
                if who not in got or r['requests_per_s'] > got[who]['requests_per_s']:
                    got[who] = r
    finally:
        p.terminate()
        p.wait()
    print(json.dumps(dict(bench='portal_file', bytes=len(body), **got, load=os.getloadavg()[0],
                          ratio=round(got['portal']['requests_per_s'] / got['nginx']['requests_per_s'], 3))), flush=True)


# ---- to the eye ----

class Eye:
    """A browser that looks at the page; tell: gives alerts to the bus one after the other, and waits for each to be seen."""

    def __init__(self, site, n, minute, cookie):
        self.n, self.minute, self.took, self.lost, self.seen, self.over = n, minute, [], 0, {}, threading.Event()
        self.teller = Client('alert', site.sock)
        self.page = subprocess.Popen(['node', str(ROOT / 'bench/alert_to_eye.mjs'), f'http://127.0.0.1:{site.port}/', cookie or ''], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, text=True, env={**os.environ, 'PRACTICE_SOURCE': str(ROOT)})
        if not any(line == 'ready\n' for line in self.page.stdout):  # alerts of before are seen first
            raise RuntimeError('no page')
        threading.Thread(target=self.hear, daemon=True).start()

    def hear(self):
        for line in self.page.stdout:
            k, at = line.split()
            self.seen[int(k)] = float(at)

    def tell(self):
        for k in range(500000, 500000 + self.n):
            if self.over.wait(random.uniform(0.05, 0.6)):
                return
            a = alert(k, self.minute + k - 500000)
            at = time.time()
            self.teller.say(f'pub alert.main {a["id"]}.1 {json.dumps(a)}', 'flush 1000')
            end = time.time() + 5
            while k not in self.seen and time.time() < end:
                time.sleep(0.005)
            if k in self.seen:
                self.took.append(self.seen[k] - at)
            else:
                self.lost += 1

    def end(self):
        self.page.terminate()
        self.page.wait()
        self.teller.end()

    def say(self, during):
        print(json.dumps(dict(bench='alert_to_eye', during_load=during, alerts=len(self.took) + self.lost, not_seen=self.lost, p50_ms=ms(percentile(self.took, 50)),
                              p95_ms=ms(percentile(self.took, 95)), max_ms=ms(max(self.took, default=None)), load=os.getloadavg()[0])), flush=True)


def main():
    o = argparse.ArgumentParser(usage=__doc__)
    o.add_argument('store')
    o.add_argument('--seconds', type=float, default=30)
    o.add_argument('--viewers', type=int, default=200)
    o.add_argument('--rate', type=float, default=50)
    o.add_argument('--alerts', type=float, default=2)
    o.add_argument('--eye', type=int, default=100)
    o.add_argument('--eye-during', action='store_true', help='while the load is on, as many of them as fit into it; else after it')
    o.add_argument('--only', help='only these of the mix: "status+flows"')
    o.add_argument('--study', action='store_true', help='all the time somebody looks at a port closely (/about)')
    o.add_argument('--rounds', type=int, default=1, help='so many times --seconds, 10 s between them: memory after each')
    o.add_argument('--reader', help='with accounts: the scope of who asks, "JP AS64500" or "*"')
    args = o.parse_args()
    with tempfile.TemporaryDirectory(prefix='practice-load-') as tmp:
        site, eye = Site(tmp, args.store, bool(args.reader), args.viewers), None
        try:
            if args.reader:
                site.access('org', 'add', 'jp', '--scope', args.reader, '--clearance', 'TLP:AMBER')
                site.access('user', 'add', 'load', '--org', 'jp', '--role', 'operator')
            site.start()
            cookie = site.sign_in('load') if args.reader else None
            heads = [f'Cookie: {cookie}\r\n'] if cookie else ['']
            at = json.loads(site.ask('/status', {'Cookie': cookie} if cookie else None))['event_time']
            if not at:
                sys.exit('the store has no flows: ' + (site.base / 'log').read_text())
            end = int(subprocess.run(['date', '-u', '-d', at, '+%s'], check=True, stdout=subprocess.PIPE, text=True).stdout) // 60
            during = bool(args.seconds and args.eye_during)
            eye = Eye(site, args.eye, end + 2000, cookie) if during and args.eye else None
            if args.seconds:
                load(site, args, heads, end, eye)
                if eye:
                    eye.end()
                    eye.say(during)
                beside_nginx(site, tmp)
            if args.eye and not during:
                eye = Eye(site, args.eye, end + 2000, cookie)
                eye.tell()
                eye.end()
                eye.say(during)
        finally:
            if eye:
                eye.end()
            site.end()


main()
