#!/usr/bin/env python3
"""The bus seen from outside while `practice run` works: its counters on the page's /metrics, and a consumer that is gone
is forgotten. And the warning for a page that anybody can reach."""
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request

from tap import PRACTICE, Tap, practice

PACKETS = 600


def capture(path):
    """Ten minutes of SYNs."""
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        for i in range(PACKETS):
            tcp = struct.pack('>HHIIBBHHH', 40000, 23, i, 0, 0x50, 2, 1024, 0, 0)
            ip = struct.pack('>BBHHHBBHII', 0x45, 0, 40, i, 0, 60, 6, 0, 0x05000000 + i, 0xc6120001)
            f.write(struct.pack('<IIII', 1700000040 + i, 0, 40, 40) + ip + tcp)


def wait_for(what, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        saw = what()
        if saw:
            return saw
        time.sleep(0.1)
    return None


def metrics(page):
    with urllib.request.urlopen(f'{page}/api/v1/metrics', timeout=10) as r:
        text = r.read().decode()
    return {k.removesuffix('_total'): float(v) for k, v in re.findall(r'^(practice_bus_\w+) ([0-9.e+]+)$', text, re.M)}, text


def consumer(path, name):
    """Subscribes under a name, durably, and is gone again."""
    def frame(kind, body):
        return struct.pack('<IB', len(body) + 1, kind) + body
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(path)
    hello = b'\x01' + struct.pack('<H', len(name)) + name.encode()
    s.sendall(frame(1, hello) + frame(3, b'\x01' + struct.pack('<QHH', 0, 1, 5) + b'flow.'))
    got = b''
    while len(got) < 6 + 13:  # WELCOME and SUBOK
        more = s.recv(100)
        if not more:
            break
        got += more
    s.close()
    return len(got) >= 19 and got[10] == 18


def running(t, tmp):
    data, log = f'{tmp}/data', f'{tmp}/log'
    capture(f'{tmp}/tokyo.pcap')
    with open(log, 'w') as err:
        run = subprocess.Popen([PRACTICE, 'run', '--data', data, '--listen', '127.0.0.1:0', '--speed', '0', f'{tmp}/tokyo.pcap'],
                               stdout=subprocess.DEVNULL, stderr=err, stdin=subprocess.DEVNULL)
    try:
        said = lambda: open(log).read()  # noqa: E731
        page = wait_for(lambda: re.search(r'page +(http://\S+)', said()))
        if not t.check('the run says where its page is', page, said()):
            return
        page = page[1]

        def counted():  # said, and every role is there and has dealt with it
            try:
                values, text = metrics(page)
            except OSError:
                return None
            return values.get('practice_bus_published', 0) >= 10 and values.get('practice_bus_waiting') == 0 and (values, text)
        values, text = wait_for(counted) or ({}, '')
        names = {'published', 'delivered', 'denied', 'broken', 'held', 'groups', 'lost', 'bytes', 'waiting'}
        t.check("the bus's counters are on /metrics", {f'practice_bus_{n}' for n in names} <= set(values), text[-3000:])
        t.check('... messages were delivered, none lost, nobody denied',
                values.get('practice_bus_delivered', 0) > 0 and values.get('practice_bus_lost') == 0 and
                values.get('practice_bus_denied') == 0 and values.get('practice_bus_bytes', 0) > 0, values)

        st, out, err = practice('bus', '--data', data, '--forget', 'store')
        t.check('a consumer that is there is not forgotten', st == 1 and out == '' and 'store is connected' in err, (st, out, err))
        st, out, err = practice('bus', '--data', data, '--forget', 'nobody')
        t.check('one that never was is named, with those that are', st == 1 and 'nobody' in err and
                all(n in err for n in ('store', 'engine', 'alert')), (st, out, err))
        t.check('a consumer comes and goes', consumer(f'{data}/bus.sock', 'portal'))
        st, out, err = practice('bus', '--data', data, '--forget', 'portal')
        t.check('... and is forgotten', st == 0 and 'portal is forgotten' in out, (st, out, err))
        st, out, err = practice('bus', '--data', data, '--forget', 'portal')
        t.check('... once', st == 1 and 'no consumer is called portal' in err, (st, out, err))
        event = [json.loads(line) for line in said().splitlines() if '"bus_forgotten"' in line]
        t.check('... and the log says so', len(event) == 1 and event[0]['level'] == 'warning' and 'portal' in event[0]['text'],
                said()[-2000:])
        t.check('a page on loopback is nothing to warn of', 'portal_open_to_all' not in said())
    finally:
        run.send_signal(signal.SIGTERM)
        t.equal('the run ends in order', run.wait(40), 0)
    st, out, err = practice('bus', '--data', data, '--forget', 'portal')
    t.check('without a bus there is nobody to tell', st == 1 and 'no bus is running' in err, (st, out, err))


def open_to_all(t, tmp):
    def check(text, *more):
        return subprocess.run([PRACTICE, 'check-config', '-', *more], input=text, capture_output=True, text=True, check=False)
    for listen, proxies, warns in [('0.0.0.0:8640', '', True), ('[::]:8640', '', True), ('192.0.2.1:80', '', True),
                                   ('0.0.0.0:8640', '192.0.2.7', False), ('127.0.0.1:8640', '', False),
                                   ('127.8.0.1:80', '', False), ('[::1]:8640', '', False)]:
        text = f'portal:\n  listen: "{listen}"\n' + (f'  proxies: [{proxies}]\n' if proxies else '')
        r = check(text)
        t.check(f'check-config: {listen}{", behind a proxy" if proxies else ""}: {"warned of" if warns else "good"}',
                r.returncode == 0 and r.stdout == 'standard input: good\n' and
                (f'warning: portal.listen: {listen} can be reached' in r.stderr if warns else r.stderr == ''), r)
        said = json.loads(check(text, '--json').stdout)
        t.check('... and in JSON', said['ok'] and len(said['warnings']) == warns, said)
    log = f'{tmp}/open.log'
    with open(log, 'w') as err:
        run = subprocess.Popen([PRACTICE, 'run', '--data', f'{tmp}/open', '--listen', '0.0.0.0:0', f'{tmp}/tokyo.pcap'],
                               stdout=subprocess.DEVNULL, stderr=err, stdin=subprocess.DEVNULL)
    try:
        t.check('a run whose page anybody can reach says so', wait_for(lambda: '"portal_open_to_all"' in open(log).read()),
                open(log).read())
    finally:
        run.send_signal(signal.SIGTERM)
        run.wait(40)


def main():
    t = Tap()
    tmp = tempfile.mkdtemp(prefix='practice-bus-')
    os.chmod(tmp, 0o755)
    try:
        running(t, tmp)
        open_to_all(t, tmp)
    finally:
        shutil.rmtree(tmp, ignore_errors=True)
    t.done()


main()
