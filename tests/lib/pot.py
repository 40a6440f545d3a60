"""One request to a whole honeypot on loopback: bus, store and honeypot as processes of their own.

    pot.ask(PRACTICE, 19, b'\\n', work)  ->  {'reply': b'...', 'hits': [('chargen', 19, 1)], 'log': '...'}
"""
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import time

# A role may not read /proc, which the leak checker of sanitizer builds wants at the end.
ENV = dict(os.environ, ASAN_OPTIONS=os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0')


def wait(what, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.02)
    return False


def stored(work):
    try:
        with sqlite3.connect(f'file:{work}/d/store/practice.db?mode=ro', uri=True) as db:
            return db.execute('select vector, port, packets from hit order by vector').fetchall()
    except sqlite3.OperationalError:
        return []  # the store has only begun


def ask(practice, port, request, work, lines='', sender='127.77.0.1'):
    """lines: more settings of the honeypot. work: a folder that is made."""
    work = pathlib.Path(work)
    work.mkdir(parents=True)
    offset = 10000 + os.getpid() % 170 * 100  # with the highest port of a vector, 37810, still a port
    more = ''.join(f'    {line}\n' for line in lines.splitlines())
    (work / 'c.yaml').write_text(f"""honeypots:
  - name: pot
    listen: 127.0.0.1
    port-offset: {offset}
    reply: yes
    settle: 0
    answer-bogons: yes
{more}""")
    live, log, reply = [], work / 'honeypot.log', b''
    try:
        for role in ('bus', 'store', 'honeypot'):
            with open(work / f'{role}.log', 'ab') as out:
                live.append(subprocess.Popen([practice, role, '--config', work / 'c.yaml', '--data', work / 'd'],
                                             stdout=out, stderr=out, env=ENV))
            if role == 'bus':
                wait(lambda: (work / 'd/bus.sock').exists())
        wait(lambda: 'honeypot_listens' in log.read_text() or live[2].poll() is not None)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((sender, 0))
            s.settimeout(5)
            s.sendto(request, ('127.0.0.1', port + offset))
            try:
                reply = s.recv(2048)
            except OSError:
                pass
        live[2].send_signal(signal.SIGTERM)
        live[2].wait(30)
        told = sum(map(int, re.findall(r'(\d+) hits', log.read_text())))
        wait(lambda: len(stored(work)) >= told)
        return {'reply': reply, 'hits': stored(work), 'log': log.read_text()}
    finally:
        for p in live:
            if p.poll() is None:
                p.kill()
            p.wait()
