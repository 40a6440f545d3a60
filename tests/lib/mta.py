"""A real mail server (Debian's opensmtpd) on loopback, for tests: its own spool and mailboxes in a directory of the
test, in a mount namespace of its own, so that the system's own mail is not touched.

    m = Mta(directory)          # raises Missing with a reason
    m.start(); m.kill(); m.stop()
    m.letters()                 # email.message of everything delivered so far
"""
import email
import email.policy
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time


class Missing(Exception):
    pass


class Mta:
    def __init__(self, directory):
        self.dir = pathlib.Path(directory).resolve()
        if not shutil.which('smtpd', path='/usr/sbin:/usr/bin'):
            raise Missing('no smtpd here (package opensmtpd)')
        if os.geteuid() != 0 or subprocess.run(['unshare', '-m', 'true'], capture_output=True).returncode:
            raise Missing('no right to make a mount namespace for the mail server')
        self.p = None
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        for d, mode in (('', 0o755), ('spool', 0o755), ('spool/smtpd', 0o711), ('run', 0o755), ('box', 0o777)):
            (self.dir / d).mkdir(exist_ok=True)
            (self.dir / d).chmod(mode)
        (self.dir / 'smtpd.conf').write_text(f'''
table users {{ "@" = "nobody" }}
listen on 127.0.0.1 port {self.port} hostname mx.example
action "local" maildir "{self.dir}/box/%{{rcpt.user}}" virtual <users>
match from any for domain "isp.example" action "local"
''')

    def start(self):
        """Until it answers."""
        script = (f'mount --bind {self.dir}/spool /var/spool && mount --bind {self.dir}/run /run && '
                  f'exec /usr/sbin/smtpd -d -f {self.dir}/smtpd.conf')
        log = open(self.dir / 'smtpd.log', 'a')
        self.p = subprocess.Popen(['unshare', '-m', 'sh', '-c', script], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                  start_new_session=True)
        end = time.time() + 15
        while time.time() < end:
            try:
                with socket.create_connection(('127.0.0.1', self.port), 1) as s:
                    if s.recv(3) == b'220':
                        return
            except OSError:
                pass
            if self.p.poll() is not None:
                break
            time.sleep(0.02)
        raise Missing('smtpd does not start: ' + (self.dir / 'smtpd.log').read_text()[-500:])

    def _end(self, sig):
        if self.p and self.p.poll() is None:
            os.killpg(self.p.pid, sig)  # the session that start made: smtpd and its children
            try:
                self.p.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.p.pid, signal.SIGKILL)
                self.p.wait()
        self.p = None

    def kill(self):
        self._end(signal.SIGKILL)

    def stop(self):
        self._end(signal.SIGTERM)

    def files(self):
        return sorted(f for d in ('new', 'cur') for f in self.dir.glob(f'box/*/{d}/*'))

    def letters(self):
        return [email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in self.files()]

    def wait_for(self, n, seconds=30):
        """Until n letters have been delivered, or the time is over."""
        end = time.time() + seconds
        while len(self.files()) < n and time.time() < end:
            time.sleep(0.05)
        return self.letters()
