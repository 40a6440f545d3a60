#!/usr/bin/env python3
"""Eleven sensors live at once: `practice run` with every role a process of its own, all on one core, playing one hour of
330,000 packets a sensor at 60 times real time; all engines, the embedded store, alerts. One JSON line: whether the pace
was held, whether all that was captured is stored, how far the bus was behind, CPU seconds and memory by role, and
which engines said something of KEY.

  played_s   from the first sensor's start to the last one's last packet: 60 when the pace was held
  waiting    messages on the bus that not all have acknowledged (engines do when their state is on disk, every few
             seconds): most during play, and when play ended
  drain_s    from the end of play to everything judged (of the day's end too), stored and told
  pss_mb     of all processes together, shared pages counted once: most that was seen, 4 looks a second; anon_mb
             of it is their own, the rest are pages of files (program, captures, data base)

Usage: bench/eleven_live.py [--speed X] [--core N] [--key KEY] [CAPTURE...]
CAPTURE: an hour each, a sensor each, not more than 11; without: made by `practice gen`.
On a machine with other work: chrt -r 20 bench/eleven_live.py, which leaves the core to it.
PRACTICE: the program, else build-bench's or build's"""
import argparse
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
PRACTICE = os.environ.get('PRACTICE') or next(
    str(p) for p in (ROOT / 'build-bench/src/practice', ROOT / 'build/src/practice') if p.exists())
TICK = os.sysconf('SC_CLK_TCK')
PACKETS = 330000


def role_of(comm):
    return re.sub(r'\..*', '', comm)


class Watch(threading.Thread):
    """Memory and CPU of every process below `top`, and the bus's backlog, four times a second."""

    def __init__(self, top, page):
        super().__init__(daemon=True)
        self.top, self.page, self.over = top, page, False
        self.cpu, self.peak, self.at_peak, self.most = {}, 0, {}, {}
        self.anon = 0
        self.waiting, self.most_waiting = None, 0

    def processes(self):
        for child in pathlib.Path(f'/proc/{self.top}/task/{self.top}/children').read_text().split():
            yield int(child)

    def look(self):
        sums, anon = {}, 0
        for pid in [self.top, *self.processes()]:
            try:
                stat = pathlib.Path(f'/proc/{pid}/stat').read_text()
                rollup = pathlib.Path(f'/proc/{pid}/smaps_rollup').read_text()
            except OSError:
                continue
            name = 'run' if pid == self.top else role_of(stat[stat.index('(') + 1:stat.rindex(')')])
            f = stat[stat.rindex(')') + 2:].split()
            self.cpu[pid] = name, (int(f[11]) + int(f[12])) / TICK
            kb = {k: int(v) for k, v in re.findall(r'^(Pss|Pss_Anon):\s+(\d+)', rollup, re.M)}
            sums[name] = sums.get(name, 0) + kb.get('Pss', 0) / 1024
            anon += kb.get('Pss_Anon', 0) / 1024
        self.anon = max(self.anon, anon)
        for name, mb in sums.items():
            self.most[name] = max(self.most.get(name, 0), mb)
        if sum(sums.values()) > self.peak:
            self.peak, self.at_peak = sum(sums.values()), sums

    def ask(self):
        try:
            said = urllib.request.urlopen(f'http://{self.page}/api/v1/metrics', timeout=2).read().decode()
        except OSError:
            return
        found = re.search(r'^practice_bus_waiting\S* (\d+)', said, re.M)
        if found:
            self.waiting = int(found[1])
            self.most_waiting = max(self.most_waiting, self.waiting)

    def run(self):
        n = 0
        while not self.over:
            try:
                self.look()
            except OSError:
                return
            if n % 8 == 0:
                self.ask()
            n += 1
            time.sleep(0.25)

    def cpu_by_role(self):
        sums = {}
        for name, s in self.cpu.values():
            sums[name] = sums.get(name, 0) + s
        return sums


def made(tmp):
    out = os.path.join(tmp, 'made')
    subprocess.run([PRACTICE, 'gen', 'quiet', '--out', out, '--sensors', '11', '--hours', '1',
                    '--rate', str(11 * PACKETS // 3600)], check=True, stdout=subprocess.DEVNULL)
    return sorted(os.path.join(out, f) for f in os.listdir(out) if '.pcap' in f)


def rows(store, *question):
    out = subprocess.run([PRACTICE, 'query', *question, '--store', store, '--json', '--limit', '1000000'],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def seconds(text):
    return subprocess.run(['date', '-u', '-d', text, '+%s.%N'], check=True, stdout=subprocess.PIPE, text=True).stdout


def play(args, caps, tmp):
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        page = f'127.0.0.1:{s.getsockname()[1]}'
    data = os.path.join(tmp, 'data')
    child = subprocess.Popen(
        ['taskset', '-c', str(args.core), PRACTICE, 'run', '--once', '--json', '--speed', str(args.speed), '--data',
         data, '--listen', page, *(f's{i:02}={c}' for i, c in enumerate(caps))],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    watch = Watch(child.pid, page)
    watch.start()
    began, played, packets, busy, bad, cpu = None, [], 0, None, [], {}
    for line in child.stderr:
        now = time.monotonic()
        if not line.startswith('{'):
            continue
        event = json.loads(line)
        if event['event'] == 'sensor_plays' and began is None:
            began = now
        if event['event'] == 'sensor_played':
            played.append(now)
            packets += int(re.search(r'(\d+) packets', event['text'])[1])
        if event['event'] == 'run_played':
            busy = watch.waiting
            cpu = watch.cpu_by_role()
        if event['level'] in ('warning', 'error') and event['event'] != 'lookup_without_data':
            bad.append(event['event'])
        if event['event'] == 'run_stop' and event['text'].startswith('stopping'):
            drained = now
    child.wait()
    watch.over = True
    watch.join()
    if child.returncode or len(played) != len(caps):
        sys.exit(f'practice run: exit status {child.returncode}, {len(played)} of {len(caps)} played; {bad}')
    return watch, data, {
        'played_s': round(max(played) - began, 2), 'packets': packets, 'waiting_most': watch.most_waiting,
        'waiting_at_end': busy, 'drain_s': round(drained - max(played), 2), 'warnings': bad,
        'cpu_at_end_s': round(sum(cpu.values()), 1)}


parser = argparse.ArgumentParser()
parser.add_argument('--speed', type=float, default=60)
parser.add_argument('--core', type=int, default=1)
parser.add_argument('--key', default='group:52869/tcp')
parser.add_argument('captures', nargs='*')
args = parser.parse_args()
with tempfile.TemporaryDirectory() as tmp:
    caps = args.captures or made(tmp)
    watch, data, said = play(args, caps, tmp)
    store = os.path.join(data, 'store')
    said['stored'] = sum(r['packets'] for r in rows(store, 'series', 'step=1h'))
    said['lost'] = sum(r['lost'] + r['evicted'] for r in rows(store, 'health'))
    said['findings'] = sorted({r['engine'] for r in rows(store, 'findings', 'key=' + args.key)})
    tidy = lambda d, n: {k: round(v, n) for k, v in sorted(d.items(), key=lambda x: -x[1])}
    print(json.dumps({'bench': 'eleven_live', 'sensors': len(caps), 'speed': args.speed, **said,
                      'cpu_s': round(sum(watch.cpu_by_role().values()), 1), 'cpu': tidy(watch.cpu_by_role(), 1),
                      'pss_mb': round(watch.peak), 'anon_mb': round(watch.anon), 'pss': tidy(watch.at_peak, 0), 'pss_most': tidy(watch.most, 0)}))
