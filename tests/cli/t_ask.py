#!/usr/bin/env python3
"""A password typed on a terminal: it is not shown, and the terminal shows what is typed again afterwards, however it ends."""
import fcntl
import os
import pty
import select
import signal
import subprocess
import tempfile
import termios
import time

from tap import PRACTICE, Tap, practice

t = Tap()


def echo(fd):
    return bool(termios.tcgetattr(fd)[3] & termios.ECHO)


def until(what, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        if what():
            return True
        time.sleep(0.02)
    return False


class Terminal:
    """`practice access user add` on a terminal of its own."""

    def __init__(self, data):
        self.fd, other = pty.openpty()
        self.p = subprocess.Popen([PRACTICE, 'access', 'user', 'add', 'mika', '--org', 'jp', '--role', 'viewer', '--data', data],
                                  stdin=other, stdout=other, stderr=other, start_new_session=True,
                                  preexec_fn=self.own)
        self.other, self.text = other, b''

    @staticmethod
    def own():
        """Its terminal, and signals as a shell hands them on: who runs the tests behind it may ignore some."""
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        for s in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(s, signal.SIG_DFL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.p.poll() is None:
            self.p.kill()
            self.p.wait()
        os.close(self.fd)
        os.close(self.other)

    def asked(self, prompt):
        """The prompt is there, and what is typed will not be shown."""
        def there():
            while select.select([self.fd], [], [], 0)[0]:
                self.text += os.read(self.fd, 1000)
            return prompt in self.text and not echo(self.fd)
        return until(there)

    def type(self, text):
        os.write(self.fd, text)


def ends(data, how, do, want):
    with Terminal(data) as x:
        asked = x.asked(b'password: ')
        do(x)
        try:
            code = x.p.wait(30)
        except subprocess.TimeoutExpired:
            code = None
        t.check(f'{how}: asked without an echo, ended, and the echo is back', asked and code == want and echo(x.fd), (asked, code, x.text))


with tempfile.TemporaryDirectory() as d:
    code, out, err = practice('access', 'org', 'add', 'jp', '--scope', 'JP', '--data', d)
    t.equal('an organisation', code, 0)
    ends(d, 'Ctrl-C', lambda x: x.type(b'secret \x03'), -signal.SIGINT)
    ends(d, 'Ctrl-\\', lambda x: x.type(b'\x1c'), -signal.SIGQUIT)
    ends(d, 'SIGTERM', lambda x: x.p.send_signal(signal.SIGTERM), -signal.SIGTERM)
    ends(d, 'the end of input', lambda x: x.type(b'\x04'), 1)
    with Terminal(d) as x:
        t.check('a password is asked for', x.asked(b'password: '), x.text)
        x.type(b'correct horse battery\n')
        t.check('asked once more', x.asked(b'once more: '), x.text)
        x.type(b'correct horse battery\n')
        t.check('and taken, never shown', x.p.wait(30) == 0 and b'horse' not in x.text and echo(x.fd), x.text)
t.done()
