#!/usr/bin/env python3
"""`practice exabgp` between a made ExaBGP (two pipes) and a made notifier (a socket): only routes pass, answers come
back under their numbers, also when the notifier was away meanwhile, and a route that nobody renews is withdrawn."""
import os
import pathlib
import select
import socket
import subprocess
import tempfile
import time

from tap import PRACTICE, Tap

t = Tap()
FLOW = 'flow route { match { destination 203.0.113.9/32; protocol udp; source-port =123; } then { discard; } }'
ROUTE = 'route 203.0.113.9/32 next-hop 192.0.2.1 community [ 65535:666 ]'


class Lines:
    def __init__(self, fd):
        self.fd, self.have = fd, b''

    def get(self, seconds=10.0):
        """The next line, or None."""
        end = time.monotonic() + seconds
        while b'\n' not in self.have:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                return None
            more = os.read(self.fd, 65536)
            if not more:
                return None
            self.have += more
        line, self.have = self.have.split(b'\n', 1)
        return line.decode()


class Notifier:
    def __init__(self, listener):
        listener.settimeout(10)
        self.s, _ = listener.accept()
        self.lines = Lines(self.s.fileno())

    def say(self, text):
        self.s.sendall(text.encode() + b'\n')


def listen(path):
    if path.exists():
        path.unlink()
    s = socket.socket(socket.AF_UNIX)
    s.bind(str(path))
    s.listen(4)
    return s


with tempfile.TemporaryDirectory() as d:
    path = pathlib.Path(d) / 'm.sock'
    p = subprocess.Popen([PRACTICE, 'exabgp', '--socket', path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    commands, words = Lines(p.stdout.fileno()), Lines(p.stderr.fileno())

    def answer(text):
        p.stdin.write(text.encode() + b'\n')
        p.stdin.flush()

    t.check('it waits for a notifier', 'waiting' in (words.get() or ''))
    listener = listen(path)
    n = Notifier(listener)
    t.equal('and says hello', n.lines.get(), 'relay 1')

    n.say(f'7 60 announce {FLOW}')
    t.equal('a rule passes word for word', commands.get(), f'announce {FLOW}')
    n.say(f'8 60 announce {ROUTE}')
    t.equal('and a route', commands.get(), f'announce {ROUTE}')
    answer('neighbor 127.0.0.1 connected')
    answer('neighbor 127.0.0.1 up')
    answer('neighbor 2001:db8::1 up')
    answer('neighbor 127.0.0.1 down - peer reset, message [closing connection]')
    answer('neighbor done up')
    t.equal('it counts sessions', [n.lines.get() for _ in range(3)], ['peers 1 1', 'peers 2 2', 'peers 1 2'])
    answer('error')
    answer('done')
    t.equal('answers come in order, under their numbers', [n.lines.get(), n.lines.get()], ['7 error', '8 done'])

    for bad in ('9 60 announce shutdown', '9 60 shutdown', 'shutdown', '9 60 announce route 1.2.3.4/32\tnext-hop self',
                '9 60 announce routes', '9 60 announce flow route { } "', '9 60 announce neighbor 10.0.0.1 route x',
                f'9 60 announce {ROUTE}\rshutdown', '9 -1 announce ' + ROUTE, '9 60 announce route ' + '1' * 2000,
                '9 99999999999 announce ' + ROUTE, '99999999999999999999 1 announce ' + ROUTE, 'x', '', '9 60 announce ROUTE'):
        n.say(bad)
    n.say(f'10 0 withdraw {ROUTE}')
    t.equal('nothing else passes', commands.get(), f'withdraw {ROUTE}')
    answer('done')
    t.equal('and none of it is counted as a command', n.lines.get(), '10 done')

    n.say(f'11 60 renew {FLOW}')
    t.equal('a renewal does not reach ExaBGP', n.lines.get(), '11 done')
    n.say(f'12 60 renew {ROUTE}')
    t.equal('there is nothing to renew of what is gone', n.lines.get(), '12 unknown')

    n.say(f'13 60 announce {ROUTE}')
    t.equal('while a command is on its way', commands.get(), f'announce {ROUTE}')
    n.s.close()
    listener.close()
    time.sleep(0.3)
    listener = listen(path)
    n = Notifier(listener)
    t.equal('a notifier that starts anew is found again', n.lines.get(), 'relay 1')
    t.equal('and told about sessions', n.lines.get(), 'peers 1 2')
    n.say(f'1 60 announce {FLOW}')
    commands.get()
    answer('error')  # to number 13 of the notifier before
    answer('done')
    t.equal('and gets no answer that is not its own', n.lines.get(), '1 done')

    n.say(f'2 1 announce {FLOW}')
    commands.get()
    answer('done')
    n.lines.get()
    n.s.close()
    listener.close()
    t.equal('a route that nobody renews is withdrawn', commands.get(), f'withdraw {FLOW}')
    answer('done')
    t.equal('once', commands.get(0.5), None)

    p.stdin.close()
    t.equal('it ends with ExaBGP', p.wait(timeout=10), 0)
    p.stdout.close()
    p.stderr.close()
t.done()
