#!/usr/bin/env python3
"""Eleven sensors of 330,000 packets an hour each, through the whole chain: captures to flows, engines, alerts, store.
CPU seconds and peak memory of `practice replay` for one made hour, as JSON lines: with all engines, without any store,
and for comparison with no engine but surge. 60 times real time on one core means: at most 60 CPU seconds an hour.

Usage: bench/eleven.py [SENSORS [PACKETS_AN_HOUR [SCENARIO]]]      PRACTICE: the program, else build-bench's or build's"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
PRACTICE = os.environ.get('PRACTICE') or next(
    str(p) for p in (ROOT / 'build-bench/src/practice', ROOT / 'build/src/practice') if p.exists())
SENSORS = int(sys.argv[1]) if len(sys.argv) > 1 else 11
PACKETS = int(sys.argv[2]) if len(sys.argv) > 2 else 330000
SCENARIO = sys.argv[3] if len(sys.argv) > 3 else 'quiet'


def run(what, *args):
    child = subprocess.Popen([PRACTICE, 'replay', '--json', *args], stdout=subprocess.PIPE, text=True)
    out = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = status
    if status:
        sys.exit(f'{what}: exit status {status}')
    said = json.loads(out.splitlines()[-1])['summary']
    cpu = used.ru_utime + used.ru_stime
    print(json.dumps({'bench': 'eleven_' + what, 'sensors': SENSORS, 'packets': said['packets'],
                      'cpu_s': round(cpu, 2), 'times_real_time': round(3600 / cpu, 1),
                      'peak_mb': used.ru_maxrss // 1024, 'findings': said['findings'],
                      'alerts': said['alerts']}), flush=True)


with tempfile.TemporaryDirectory() as tmp:
    made = os.path.join(tmp, 'made')
    subprocess.run([PRACTICE, 'gen', SCENARIO, '--out', made, '--sensors', str(SENSORS), '--hours', '1',
                    '--rate', str(SENSORS * PACKETS // 3600)], check=True, stdout=subprocess.DEVNULL)
    caps = sorted(os.path.join(made, f) for f in os.listdir(made) if '.pcap' in f)
    run('surge_alone', '--engines', 'surge', *caps)
    run('engines', *caps)
    run('engines_and_store', '--store', os.path.join(tmp, 'store'), *caps)
