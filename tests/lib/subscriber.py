"""People who subscribe, with all that it takes: a portal, the notifier, a receiver of webhooks and a mail server with TLS of
the test's own authority, and somebody who says what collector and alert role would."""
import json
import signal
import subprocess
import time

import certs
from hooks import Receiver
from mta import Mta
from notifier import PUBLISH
from portalsite import PASSWORD

CONF = '''
notify:
  host: csirt.example
  rdns: no
  ways: []
  retry-first: 100ms
  retry-max: 500ms
  ca-file: "{base}/ca.crt"
  mail: {{port: {mail}, from: practice@csirt.example, tls: none}}
  hook: {{allow: [127.0.0.1/32], timeout: 20}}
'''
FORM = dict(title='ours', state='on', language='en', zone='UTC', attacks=True, alerts=True, severity='notice', kinds=[],
            vectors=[], min_packets=0, min_pps=0, updates=False, max_per_hour=60, digest_s=60, mail=[], url='')
API = '/api/v1/subscriptions'


def alert(n, hosts, severity='high', state='open', revision=1, kind='group', tlp='TLP:GREEN'):
    at = '2015-04-01T00:02:03Z'
    return dict(id=f'a{n}', key=f'group:{n}', kind=kind, state=state, revision=revision, at=at, opened=at, severity=severity,
                tlp=tlp, title=f'group {n} of {" ".join(hosts)}', text='they act together', country='', asn=0,
                hosts=hosts, host_count=len(hosts), packets=5, **{'from': at, 'to': at})


def until(what, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        if (x := what()):
            return x
        time.sleep(0.1)
    return what()


def files_with(base, *texts):
    """Files below it that hold one of them, in whatever surroundings."""
    return [str(f.relative_to(base)) for f in base.rglob('*') if f.is_file() and any(x.encode() in f.read_bytes() for x in texts)]


def said_by(record):
    """Role and subject."""
    return ('alert', 'alert.all') if 'severity' in record else ('collector', 'episode.all')


class LocalBus:
    """What collector and alert role would say."""

    def __init__(self, site):
        self.p = {role: subprocess.Popen([PUBLISH, str(site.base / 'data/bus.sock'), role], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True) for role in ('collector', 'alert')}

    def say(self, record):
        role, subject = said_by(record)
        p = self.p[role]
        p.stdin.write(f'{subject}\t{record["id"]}.{record["revision"]}\t{json.dumps(record)}\n')
        p.stdin.flush()
        assert p.stdout.readline(), 'the bus did not take it'

    def end(self):
        for p in self.p.values():
            p.stdin.close()
            p.wait(20)


class NatsBus:
    """The same, as clients of NATS. where: a server's settings for them."""

    def __init__(self, lab, where):
        self.c = {role: lab.client(role, where) for role in ('collector', 'alert')}

    def say(self, record):
        role, subject = said_by(record)
        said = self.c[role](f'pub {subject} {record["id"]}.{record["revision"]} {json.dumps(record)}')
        assert said == 'ok', said
        self.c[role]('flush 20000')

    def end(self):
        for c in self.c.values():
            c.close()


class Person:
    def __init__(self, site, user):
        self.site, self.user, self.cookie = site, user, site.session(user)

    def ask(self, method, path, body=None):
        st, _, text = self.site.ask(method, path, body, cookie=self.cookie)
        return st, json.loads(text)

    def subscribe(self, **more):
        """A webhook needs the notifier's key, which it says when it has started."""
        def once():
            st, a = self.ask('POST', API, {**FORM, **more})
            return (st, a) if st != 503 else None
        st, a = until(once) or (503, 'the notifier says no key')
        assert st == 200, a
        return a

    def row(self, sid):
        return next((r for r in self.ask('GET', API)[1]['rows'] if r['id'] == sid), None)

    def test(self, sid):
        """Until the notifier has heard of the subscription, too."""
        def once():
            st, a = self.ask('POST', f'{API}/{sid}/test', {})
            known = st == 200 and a['answers'] and 'knows of no way' not in a['answers'][0]['text']
            return (st, a) if known or st != 200 else None
        return until(once) or self.ask('POST', f'{API}/{sid}/test', {})


class Scene:
    """On a site that runs: the two servers, organisations with people, and the notifier. people: user -> (organisation, scope,
    role); bus: makes a LocalBus or a NatsBus; answer: of the receiver; more: settings."""

    def __init__(self, site, people, bus, answer=None, more=''):
        self.site, self.make_bus, self.bus = site, bus, None
        base = site.base
        certs.authority(base, 'ca')
        certs.certificate(base, 'ca', 'localhost')
        (base / 'mta').mkdir()
        base.chmod(0o755)
        self.hook = Receiver(f'{base}/localhost.crt', f'{base}/localhost.key', answer)
        self.mta = Mta(base / 'mta')
        self.users, self.more = people, more

    def __enter__(self):
        try:
            self.mta.start()
            for user, (org, scope, role) in self.users.items():
                self.site.access('org', 'add', org, '--scope', scope, '--clearance', 'TLP:AMBER')
                self.site.access('user', 'add', user, '--org', org, '--role', role, stdin=PASSWORD)
            self.site.conf.write_text(self.site.conf.read_text() + CONF.format(base=self.site.base, mail=self.mta.port) + self.more)
            self.site.start('notify')
            self.bus = self.make_bus()
            self.people = {user: Person(self.site, user) for user in self.users}
        except BaseException:
            self.__exit__(True)
            raise
        return self

    def __exit__(self, failed, *_):
        if failed:
            print(self.site.logs()[-4000:])
        if self.bus:
            self.bus.end()
        self.hook.close()
        self.mta.stop()

    def end(self, role, by=signal.SIGKILL):
        p = [c for c in self.site.children if c.args[1] == role][-1]
        p.send_signal(by)
        p.wait(20)
        self.site.children.remove(p)
