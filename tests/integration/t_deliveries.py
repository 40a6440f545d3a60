"""Who was told, when, and what routers did, as records: a real mail server, ExaBGP between two routers, the notifier
killed in between, and what a viewer, an operator, and somebody of another part of the world read of it."""
import http.client
import json
import signal
import tempfile
import threading
import time

from bgplab import Lab
from mta import Mta
from notifier import episode
from portalsite import PASSWORD, Site
from subscriber import LocalBus, alert, until
from tap import Tap

CONF = '''
notify:
  host: csirt.example
  rdns: no
  retry-first: 100ms
  retry-max: 500ms
  ways: []
  mail: {{port: {mail}, from: practice@csirt.example, tls: none}}
  bgp: {{mode: auto, fragments: no, hold: 0s, min-packets: 1, min-pps: 1, min-sensors: 1}}
tenants:
  - name: example-net
    prefixes: [203.0.113.0/24]
    ways: [mail, jsonl, bgp]
    mail-to: [noc@isp.example, soc@isp.example]
    max-per-hour: 6
    alerts: yes
    digest: 10s
'''


class Reader:
    def __init__(self, site, user):
        self.site, self.cookie = site, site.session(user)

    def ask(self, query, cookie=None):
        st, _, body = self.site.ask('GET', '/api/v1/deliveries' + query, cookie=self.cookie)
        return st, json.loads(body)

    def rows(self, query, n=1, seconds=20):
        """As soon as there are n."""
        def some():
            st, a = self.ask(query)
            return a['rows'] if st == 200 and len(a['rows']) >= n else None
        return until(some, seconds) or self.ask(query)[1].get('rows', [])


class Listener(threading.Thread):
    """All events that a reader's stream carries."""

    def __init__(self, site, cookie):
        super().__init__(daemon=True)
        self.c = http.client.HTTPConnection('127.0.0.1', site.port, timeout=60)
        self.c.request('GET', '/api/v1/events', headers={'Cookie': cookie})
        self.r, self.text = self.c.getresponse(), ''
        self.start()

    def run(self):
        try:
            while (x := self.r.read1(65536)):
                self.text += x.decode()
        except (OSError, ValueError, http.client.HTTPException):
            pass

    def of(self, name):
        return [json.loads(block.split('data: ', 1)[1].split('\n')[0]) for block in self.text.split('\n\n')
                if f'event: {name}\n' in block and 'data: ' in block]


def short(rows, *names):
    return [tuple(r[n] for n in names) for r in rows]


def attack(t, bus, viewer, operator, other, news, mta):
    now = time.time()
    bus.say(episode(1, at=now, victim='203.0.113.9', pps_max=50.0))
    rows = operator.rows('?attack=e1', 3)
    t.equal('a start goes by three ways', sorted(short(rows, 'way', 'outcome', 'state')),
            [('bgp', 'announced', 'start'), ('jsonl', 'sent', 'start'), ('mail', 'sent', 'start')])
    by = {r['way']: r for r in rows}
    mail, bgp = by.get('mail', {}), by.get('bgp', {})
    t.check('the mail: to how many, the server\'s words, how long after', mail.get('to_count') == 2 and
            mail['detail'].startswith('250') and 0 <= mail['after_s'] < 60, mail)
    t.check('the rule: its destination, its text', bgp.get('rule') == '203.0.113.9/32' and
            bgp['detail'].startswith('announce') and bgp['tenant'] == 'example-net', bgp)
    t.equal('what it is about is copied', (mail['victim'], mail['country'], mail['asn'], mail['what'], mail['ref']),
            ('203.0.113.9', 'JP', 64500, 'attack', 'e1'))
    bus.say(episode(1, 'end', 5, at=time.time(), victim='203.0.113.9', pps_max=50.0))
    rows = operator.rows('?attack=e1', 6)
    t.check('the end, and the rule is withdrawn', {('bgp', 'withdrawn'), ('mail', 'sent')} <= set(short(rows, 'way', 'outcome')) and
            len(rows) == 6, rows)
    t.check('in the order it was done', [r['at'] for r in rows] == sorted(r['at'] for r in rows), rows)
    seen = viewer.rows('?attack=e1', 6)
    t.equal('a viewer reads that it was told, by what, and the rule', sorted(short(seen, 'way', 'outcome', 'rule')),
            sorted(short(rows, 'way', 'outcome', 'rule')))
    t.equal('... and no row of the settings, nobody\'s words', {(r['tenant'], r['detail'], r['to_count']) for r in seen}, {('', '', 0)})
    t.equal('elsewhere there is no such attack', other.ask('?attack=e1')[0], 404)
    t.check('the page is told at once', until(lambda: {('mail', 'sent'), ('bgp', 'announced'), ('bgp', 'withdrawn')} <=
            set(short(news.of('delivery'), 'way', 'outcome'))), news.text[-500:])
    t.check('... without what is the operator\'s', all(not d['tenant'] and not d['detail'] and not d['hosts']
            for d in news.of('delivery')), news.of('delivery'))
    t.equal('all of them, whose they are', [len(x.ask('')[1]['rows']) for x in (viewer, operator, other)], [6, 6, 0])
    t.equal('... newest first, page by page', [x['at'] for q in ('?limit=4', '?limit=4&cursor=' + viewer.ask('?limit=4')[1]['next'])
            for x in viewer.ask(q)[1]['rows']], sorted((x['at'] for x in rows), reverse=True))
    t.equal('not both at once', viewer.ask('?attack=e1&alert=a1')[0], 400)
    text = json.dumps([operator.ask('')[1], news.text])
    t.check('no address of a reader of mail is in any byte', 'noc@' not in text and 'isp.example' not in text, text[:500])


def alerts(t, bus, viewer, operator):
    bus.say(alert(1, ['203.0.113.5']))
    rows = viewer.rows('?alert=a1', 2)
    t.equal('an alert is told, too', sorted(short(rows, 'way', 'outcome', 'what', 'ref')),
            [('jsonl', 'sent', 'alert', 'a1'), ('mail', 'sent', 'alert', 'a1')])
    view = dict(alert(50, ['203.0.113.9']), kind='drdos', key='drdos:203.0.113.9:ntp_monlist', findings=['drdos-e1.1', 'drdos-e1.5'])
    bus.say(view)
    rows = viewer.rows('?alert=a50', 6)
    t.equal('an alert about an attack has what the attack has', sorted(short(rows, 'ref', 'way', 'outcome')),
            sorted(short(viewer.rows('?attack=e1', 6), 'ref', 'way', 'outcome')))


def failing(t, bus, operator, mta):
    """More than an hour may bring, and a mailbox that is refused for good."""
    for i in range(60, 66):
        bus.say(alert(i, ['203.0.113.5']))
    held = until(lambda: [r for i in range(60, 66) for r in operator.rows(f'?alert=a{i}', 1) if r['outcome'] == 'held'])
    t.check('what an hour may not bring is held', held and {r['way'] for r in held} == {'mail'}, held)
    ref = held[0]['ref'] if held else 'a65'
    rows = until(lambda: [r for r in operator.rows(f'?alert={ref}', 3) if (r['way'], r['outcome']) == ('mail', 'sent')], 60)
    t.check('and told in a digest', rows and rows[0]['at'] > held[0]['at'], operator.rows(f'?alert={ref}'))


def killed(t, site, bus, operator, n=40):
    """kill -9 of the notifier again and again: of every message there is a record, and of none two."""
    for i in range(n):
        bus.say(episode(200 + i, at=time.time(), victim='203.0.113.77', vectors=['dns'], pps_max=0.5))
        if i % 8 == 5:
            time.sleep(0.03 * (i % 5))  # now in this, now in that step
            p = site.children[-1]
            p.send_signal(signal.SIGKILL)
            p.wait()
            site.start('notify')
    want = {f'e{200 + i}' for i in range(n)}

    def all_there():
        rows = [r for r in operator.ask('?limit=2000')[1]['rows'] if r['way'] == 'jsonl' and r['ref'] in want]
        return rows if {r['ref'] for r in rows} == want else None
    rows = until(all_there, 40) or []
    t.equal('after kills every message has its record', len({r['ref'] for r in rows}), n)
    t.equal('and one', len(rows), n)
    with open(site.base / 'data/notify/jsonl/alerts.jsonl') as f:
        sent = {json.loads(x)['id'].split('.')[0] for x in f}
    t.check('they were sent', want <= sent, want - sent)


def main():
    t = Tap()
    with Site() as site, tempfile.TemporaryDirectory(prefix='practice-lab-') as base:
        run(t, site, base)
    t.done()


def run(t, site, base):
    (site.base / 'mta').mkdir()
    site.base.chmod(0o755)
    mta, lab, bus = Mta(site.base / 'mta'), None, None
    try:
        mta.start()
        site.access('org', 'add', 'isp', '--scope', '203.0.113.0/24', '--clearance', 'TLP:AMBER')
        site.access('org', 'add', 'other', '--scope', '198.51.100.0/24', '--clearance', 'TLP:AMBER')
        site.access('org', 'add', 'cert', '--scope', '*', '--clearance', 'TLP:RED')
        for user, org, role in (('aiko', 'isp', 'viewer'), ('ola', 'other', 'viewer'), ('op', 'cert', 'operator')):
            site.access('user', 'add', user, '--org', org, '--role', role, stdin=PASSWORD)
        site.conf.write_text(site.conf.read_text() + CONF.format(mail=mta.port))
        site.start('notify')
        lab = Lab(base, site.base / 'data/notify/bgp')
        bus = LocalBus(site)
        viewer, operator, other = (Reader(site, u) for u in ('aiko', 'op', 'ola'))
        news = Listener(site, viewer.cookie)
        attack(t, bus, viewer, operator, other, news, mta)
        alerts(t, bus, viewer, operator)
        failing(t, bus, operator, mta)
        killed(t, site, bus, operator)
    except BaseException:
        print(site.logs()[-4000:], lab.log('exabgp') if lab else '')
        raise
    finally:
        if bus:
            bus.end()
        if lab:
            lab.close()
        mta.stop()


if __name__ == '__main__':
    main()
