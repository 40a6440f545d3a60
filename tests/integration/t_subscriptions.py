"""Subscriptions over real processes: made in the portal, told by the notifier to a webhook and a mailbox; nobody is told
of what is not his; what a URL may not lead to; a code to an address before anything else; what is left of it all after
a kill and after an account has ended."""
import hashlib
import hmac
import json
import subprocess
import time

import certs
from hooks import Receiver
from notifier import PUBLISH, episode
from portalsite import PASSWORD, Site
from tap import Tap

CONF = '''
notify:
  host: csirt.example
  rdns: no
  ways: []
  retry-first: 100ms
  retry-max: 500ms
  ca-file: "{base}/ca.crt"
  mail: {{port: {mail}, from: practice@csirt.example, tls: none}}
  hook: {{allow: [127.0.0.1/32], timeout: 3}}
'''
FORM = dict(title='ours', state='on', language='en', zone='UTC', attacks=True, alerts=True, severity='notice', kinds=[],
            vectors=[], min_packets=0, min_pps=0, updates=False, max_per_hour=60, digest_s=60, mail=[], url='')
API = '/api/v1/subscriptions'


def alert(n, hosts, severity='high', state='open', revision=1, kind='group', tlp='TLP:GREEN'):
    at = '2015-04-01T00:02:03Z'
    return dict(id=f'a{n}', key=f'group:{n}', kind=kind, state=state, revision=revision, at=at, opened=at, severity=severity,
                tlp=tlp, title=f'group {n} of {" ".join(hosts)}', text='they act together', country='', asn=0,
                hosts=hosts, host_count=len(hosts), packets=5, **{'from': at, 'to': at})


class Bus:
    """What collector and alert role would say."""

    def __init__(self, site):
        self.p = {}
        for role in ('collector', 'alert'):
            self.p[role] = subprocess.Popen([PUBLISH, str(site.base / 'data/bus.sock'), role], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, text=True)

    def say(self, record):
        role, subject = ('alert', 'alert.all') if 'severity' in record else ('collector', 'episode.all')
        p = self.p[role]
        p.stdin.write(f'{subject}\t{record["id"]}.{record["revision"]}\t{json.dumps(record)}\n')
        p.stdin.flush()
        assert p.stdout.readline(), 'the bus did not take it'

    def end(self):
        for p in self.p.values():
            p.stdin.close()
            p.wait(20)


def until(what, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        if (x := what()):
            return x
        time.sleep(0.1)
    return what()


class Person:
    def __init__(self, site, user):
        self.site, self.user, self.cookie = site, user, site.session(user)

    def ask(self, method, path, body=None):
        st, _, text = self.site.ask(method, path, body, cookie=self.cookie)
        return st, json.loads(text)

    def subscribe(self, **more):
        st, a = self.ask('POST', API, {**FORM, **more})
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


def chain(t, jp, no, bus, hook):
    """From the form to the webhook."""
    url = f'https://localhost:{hook.port}'
    ours, theirs = jp.subscribe(url=url + '/jp'), no.subscribe(title='theirs', url=url + '/no')
    t.check('a new subscription has a name and a secret', ours['id'].startswith('s') and ours['secret'].startswith('hs_'), ours)
    st, a = jp.test(ours['id'])
    t.check('a test message is taken, and the answer says so',
            st == 200 and [(x['way'], x['state']) for x in a['answers']] == [('hook', 'taken')], a)
    no.test(theirs['id'])
    h, body = hook.at('/jp')[0]
    t.equal('the test is a made attack on an address of nobody', json.loads(body)['episode']['victim'], '192.0.2.1')
    mac = hmac.new(ours['secret'].encode(), h['x-practice-timestamp'].encode() + b'.' + body, hashlib.sha256).hexdigest()
    t.equal('it is signed with the secret that was shown', h.get('x-practice-signature'), 'sha256=' + mac)
    bus.say(episode(1, victim='203.0.113.9'))
    bus.say(episode(2, victim='198.51.100.7', asn=64501, country='NO'))
    bus.say(episode(1, victim='203.0.113.9', state='end', revision=5, at=1427847040.0))
    bus.say(alert(1, ['203.0.113.5', '198.51.100.8']))
    got = [json.loads(b) for _, b in hook.at('/jp', 4)][1:]
    t.equal('start, end and alert arrive, in order', [(g['state'], (g.get('episode') or g.get('alert'))['id']) for g in got],
            [('start', 'e1'), ('end', 'e1'), ('open', 'a1')])
    t.equal('start and end are one thread', len({g['thread'] for g in got[:2]}), 1)
    t.equal('of an alert the own hosts are told, and how many there are', (got[2]['alert']['hosts'], got[2]['alert']['host_count']),
            (['203.0.113.5'], 2))
    other = [json.loads(b) for _, b in hook.at('/no', 3)][1:]
    t.equal('the others hear of their own', [(g.get('episode') or g.get('alert'))['id'] for g in other], ['e2', 'a1'])
    ours_bytes = b''.join(b for p, _, b in hook.got if p == '/jp')
    t.check('no address of others is in any byte', b'198.51.100' not in ours_bytes, ours_bytes)
    row = jp.row(ours['id'])
    t.check('the list says what became of it', any(x['way'] == 'hook' and x['state'] == 'taken' for x in row['told']), row)
    return ours, theirs


def main():
    t = Tap()
    with Site() as site:
        base = site.base
        certs.authority(base, 'ca')
        certs.certificate(base, 'ca', 'localhost')
        run(t, site, base)
    t.done()


def run(t, site, base):
    hook = Receiver(f'{base}/localhost.crt', f'{base}/localhost.key')
    bus = None
    try:
        site.access('org', 'add', 'isp', '--scope', '203.0.113.0/24', '--clearance', 'TLP:AMBER')
        site.access('org', 'add', 'other', '--scope', '198.51.100.0/24', '--clearance', 'TLP:AMBER')
        site.access('user', 'add', 'aiko', '--org', 'isp', '--role', 'viewer', stdin=PASSWORD)
        site.access('user', 'add', 'ola', '--org', 'other', '--role', 'viewer', stdin=PASSWORD)
        site.conf.write_text(site.conf.read_text() + CONF.format(base=base, mail=1))
        site.start('notify')
        bus = Bus(site)
        chain(t, Person(site, 'aiko'), Person(site, 'ola'), bus, hook)
    except BaseException:
        print(site.logs()[-4000:])
        raise
    finally:
        if bus:
            bus.end()
        hook.close()


if __name__ == '__main__':
    main()
