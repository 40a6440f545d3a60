"""Subscriptions over a real nats-server: portal, store and notifier as on separate machines. What is subscribed in the portal
is told by webhook and by mail; the notifier and the server are killed in between, and nothing is lost."""
import json
import re
import pathlib
import subprocess
import tempfile
import time

from natslab import Lab
from notifier import episode
from portalsite import Site
from subscriber import NatsBus, Scene, alert, files_with, until
from tap import PRACTICE, Tap

TENANT = '''
tenants:
  - name: ours
    prefixes: [203.0.113.0/24]
    ways: [jsonl]
'''


def confirm(person, mta, address):
    """A code to the address, given back."""
    assert person.ask('POST', '/api/v1/mails', {'address': address, 'language': 'en'})[0] == 200
    code = re.search(r'\[Code\]\s+(\S+)', mta.wait_for(1)[0].get_content())[1]
    return person.ask('POST', '/api/v1/mails/confirm', {'address': address, 'code': code})[0]


def told(t, scene, aiko, operator):
    bus, hook, mta = scene.bus, scene.hook, scene.mta
    sub = aiko.subscribe(url=f'https://localhost:{hook.port}/jp', mail=['noc@isp.example'])
    t.equal('a letter with a code comes over NATS, and confirms', confirm(aiko, mta, 'noc@isp.example'), 200)
    st, a = aiko.test(sub['id'])
    t.check('a test message is taken, by one way at least', st == 200 and any(x['state'] == 'taken' for x in a['answers']), a)
    bus.say(episode(1, victim='203.0.113.9', at=time.time()))
    bus.say(episode(2, victim='198.51.100.7', at=time.time()))
    bus.say(alert(1, ['203.0.113.5', '198.51.100.8']))
    want = {f'{x}.1.{sub["id"]}' for x in ('e1', 'a1')}
    t.check('attack and alert come to the webhook', until(lambda: want <= set(hook.ids('/jp'))), hook.ids('/jp'))
    letters = until(lambda: [m for m in mta.letters() if sub['id'] in m['Message-ID'] and 'e1.1' in m['Message-ID']])
    t.check('... and as letters', letters and letters[0]['To'] == 'noc@isp.example', [m['Message-ID'] for m in mta.letters()])
    t.check('nothing of others', not any(x.startswith('e2.') for x in hook.ids('/jp')), hook.ids('/jp'))
    rows = until(lambda: [r for r in aiko.row(sub['id'])['told'] if r['state'] == 'taken'])
    t.check('the page says what became of it', {r['way'] for r in rows or []} >= {'hook'}, aiko.row(sub['id']))
    rows = until(lambda: operator.ask('GET', '/api/v1/deliveries?attack=e1')[1].get('rows'))
    t.equal('who of the settings was told is in the store', [(r['way'], r['tenant'], r['outcome']) for r in rows or []],
            [('jsonl', 'ours', 'sent')])
    return sub


def nothing_in_clear(t, lab, site, sub):
    places = lab.dir, site.base / 'data'
    t.equal('the secret is in no file of the server, nor of ours', [f for p in places for f in files_with(p, sub['secret'])], [])
    t.check('the server has it sealed', files_with(places[0], 'sealed1:'), list(places[0].rglob('*')))


def kills(t, scene, server, operator, sub, n=30):
    site, bus, hook, mta = scene.site, scene.bus, scene.hook, scene.mta
    dead = 0
    for i in range(n):
        if i % 6 == 3:
            scene.end('notify')
            dead += 1
        bus.say(episode(100 + i, victim='203.0.113.9', at=time.time(), vectors=[f'port-{1000 + i}'], port=1000 + i))
        if i % 6 == 3:
            site.start('notify')
        if i == n // 2:
            server.kill()
            server.start()
    want = {f'e{100 + i}.1.{sub["id"]}' for i in range(n)}
    t.check('killed again and again, nothing is lost at the webhook', until(lambda: want <= set(hook.ids('/jp')), 60), want - set(hook.ids('/jp')))
    got = [x for x in hook.ids('/jp') if x in want]
    t.check('... and of each kill one message at most came twice', len(got) - len(set(got)) <= dead, len(got) - len(set(got)))
    mails = lambda: {m['Message-ID'].split('@')[0].strip('<') for m in mta.letters()}
    t.check('nor a letter', until(lambda: want <= mails(), 60), want - mails())
    there = lambda: {r['ref'] for r in operator.ask('GET', '/api/v1/deliveries?limit=2000')[1]['rows']}
    t.check('nor a record of who was told', until(lambda: {f'e{100 + i}' for i in range(n)} <= there(), 30), there())
    print(f'# notifier killed {dead} times, the server once; {len(got) - len(set(got))} of {len(got)} messages came twice')


def of_before(t, lab, server, scene):
    """What a portal of before has said, in clear, is erased from the server's disk as far as the notifier has read it."""
    old = 'hs_' + '0123456789abcdef' * 4
    said = lambda n: dict(id=f's{n}', state='end', user='aiko', org='isp', secret=old)
    erase = lambda: subprocess.run([PRACTICE, 'bus', '--erase-secrets', '--config', scene.site.conf], capture_output=True, text=True, timeout=60)
    portal = lab.client('portal', server.settings('before'))
    say = lambda n: portal(f'pub subscription.isp s{n}.1 {json.dumps(said(n))}') == 'ok' and portal('flush 20000')
    scene.end('notify')
    for n in range(8):
        say(n)
    r = erase()
    t.check('what the notifier has not read stays', 'notify has not read' in r.stdout and len(files_with(lab.dir, old)) == 1, r)
    scene.site.start('notify')
    t.check('(it reads it)', until(lambda: 'not read' not in erase().stdout), '')
    r = erase()
    t.equal('then it is in no file of the server', (r.returncode, r.stdout, files_with(lab.dir, old)), (0, '0 messages are erased\n', []))
    portal.close()


def main():
    t = Tap()
    with tempfile.TemporaryDirectory(prefix='practice-subs-nats-') as d:
        lab = Lab(d)
        try:
            server = lab.server('hub')
            site = Site(start=('store', 'portal'))
            site.conf.write_text(site.conf.read_text().replace('run: {', 'run: {bus: nats, ') +
                                 f"nats: {{servers: ['nats://127.0.0.1:{server.port}']}}\n")
            people = {'aiko': ('isp', '203.0.113.0/24', 'viewer'), 'op': ('cert', '*', 'operator')}
            with site, Scene(site, people, lambda: NatsBus(lab, server.settings('said')), more=TENANT) as scene:
                aiko, op = scene.people['aiko'], scene.people['op']
                sub = told(t, scene, aiko, op)
                nothing_in_clear(t, lab, site, sub)
                of_before(t, lab, server, scene)
                kills(t, scene, server, op, sub)
        finally:
            lab.close()
    t.done()


if __name__ == '__main__':
    main()
