"""A bus and a notifier as processes, and what a collector would put on the bus."""
import json
import os
import pathlib
import signal
import subprocess
import time

from tap import PRACTICE

PUBLISH = os.environ.get('NOTE_PUBLISH', str(pathlib.Path(PRACTICE).parents[1] / 'tests/note_publish'))


def episode(n, state='start', revision=1, at=1427846523.0, victim=None, **more):
    """The attack of the first system's mails, as number n."""
    end = state == 'end'

    def text(t):
        return time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(t)) + 'Z'

    e = dict(id=f'e{n}', revision=revision, state=state, kind='single', profile='isp', parent='',
             victim=victim or f'203.0.113.{n % 254 + 1}', prefix_bits=128, vectors=['ntp_monlist'], port=123,
             at=text(at), bins=8 if end else 2, bin_max=4301 if end else 131,
             packets=28305 if end else 139, sensors=['tokyo 100', 'oslo 39'], asn=64500, as_name='EXAMPLE-NET',
             country='JP', rdns='')
    e['from'], e['to'] = text(at - 68), text(at - 120 if end else at)
    e.update(more)
    return e


class Notifier:
    def __init__(self, base, conf, data=None):
        self.base = pathlib.Path(base)
        self.data = pathlib.Path(data) if data else self.base / 'data'
        self.conf = self.base / 'notify.yaml'
        self.conf.write_text(conf)
        self.log = open(self.base / 'log', 'a+')
        self.bus = self.notify = self.pub = None

    def _role(self, name):
        return subprocess.Popen([PRACTICE, name, '--config', str(self.conf), '--data', str(self.data)], stdout=self.log,
                                stderr=self.log, stdin=subprocess.DEVNULL)

    def start_bus(self):
        self.bus = self._role('bus')
        end = time.time() + 10
        while not (self.data / 'bus.sock').exists() and time.time() < end:
            time.sleep(0.02)
        self.pub = subprocess.Popen([PUBLISH, str(self.data / 'bus.sock')], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=self.log, text=True)

    def start(self):
        self.notify = self._role('notify')

    def kill(self):
        self.notify.send_signal(signal.SIGKILL)
        self.notify.wait()

    def publish(self, record, subject='episode.all'):
        """Returns when the bus has it on disk: the moment (CLOCK_MONOTONIC, ns) just before it was said."""
        self.pub.stdin.write(f'{subject}\t{record["id"]}.{record["revision"]}\t{json.dumps(record)}\n')
        self.pub.stdin.flush()
        return int(self.pub.stdout.readline().split()[1])

    def end(self):
        if self.pub:
            self.pub.stdin.close()
            self.pub.wait()
        for p in (self.notify, self.bus):
            if p and p.poll() is None:
                p.send_signal(signal.SIGTERM)
                try:
                    p.wait(20)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def jsonl(self):
        f = self.data / 'notify/jsonl/alerts.jsonl'
        return [json.loads(line) for line in f.read_text().splitlines()] if f.exists() else []
