"""Subscriptions over real processes: made in the portal, told by the notifier to a webhook and a mailbox; nobody is told
of what is not his; what a URL may not lead to; a code to an address before anything else; what is left of it all after
a kill and after an account has ended."""
import hashlib
import hmac
import json
import re
import time
import xml.etree.ElementTree

from hooks import Receiver, Tarpit
from notifier import episode
from portalsite import PASSWORD, Site
from subscriber import API, FORM, LocalBus, Person, Scene, alert, until
from tap import Tap


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


def letters(t, jp, bus, mta):
    """A code to the address first, then letters; none to an address that nobody has confirmed."""
    sub = jp.subscribe(title='letters', mail=['noc@isp.example', 'other@isp.example'], alerts=False, language='ja',
                       zone='Asia/Tokyo')
    st, a = jp.ask('POST', f'{API}/{sub["id"]}/test', {})
    t.equal('no test message before an address is confirmed', st, 400)
    t.equal('a code is asked for', jp.ask('POST', '/api/v1/mails', {'address': 'noc@isp.example', 'language': 'en'})[0], 200)
    t.equal('not two within minutes', jp.ask('POST', '/api/v1/mails', {'address': 'noc@isp.example', 'language': 'en'})[0], 429)
    for bad in ('noc@isp.example\r\nBcc: all@isp.example', 'noc', '@isp.example', 'a b@isp.example', 'a@isp.example,b@isp.example',
                'a@b@isp.example', '<a@isp.example>', 'a@' + 'x' * 200):
        t.equal(f'no address: {bad[:30]!r}', jp.ask('POST', '/api/v1/mails', {'address': bad, 'language': 'en'})[0], 400)
    first = mta.wait_for(1)[0]
    text = first.get_content()
    t.check('the letter names who asks, and nothing else that anybody could choose', 'aiko' in text and 'letters' not in text, text)
    code = re.search(r'\[Code\]\s+(\S+)', text)[1]
    mail = {'address': 'noc@isp.example', 'code': code}
    t.equal('another code is refused', jp.ask('POST', '/api/v1/mails/confirm', {**mail, 'code': 'AAAAAAAA'})[0], 403)
    t.equal('the code confirms', jp.ask('POST', '/api/v1/mails/confirm', mail)[0], 200)
    st, a = jp.test(sub['id'])
    t.check('a test letter is taken', st == 200 and [(x['way'], x['state']) for x in a['answers']] == [('mail', 'taken')], a)
    bus.say(episode(11, victim='203.0.113.11'))
    got = mta.wait_for(3)
    about = [x for x in got if '203.0.113.11' in x['Subject']] or [first]
    t.check('and a letter comes, in the language asked for', about[0]['Subject'].startswith('[PRACTICE] letters宛DRDoS攻撃開始通知'), about[0]['Subject'])
    text = about[0].get_content()
    t.check('with times of the zone asked for', '+0900' in about[0]['Date'] and '2015-04-01 09:02:03' in text, f'{about[0]["Date"]}\n{text}')
    t.equal('all of it to the confirmed address alone', {x['To'] for x in got}, {'noc@isp.example'})
    t.equal('the list says which are confirmed', [m['confirmed'] for m in jp.row(sub['id'])['mail']], [True, False])
    return sub


def nowhere(t, site, jp, hook, plain):
    """URLs that lead where no subscriber may lead us."""
    inside = [f'https://127.0.0.2:{hook.port}/x', f'https://[::1]:{hook.port}/x', 'https://10.1.2.3/x', 'https://169.254.169.254/latest/',
              'https://[::ffff:10.0.0.1]/x', 'https://[64:ff9b::a00:1]/x', 'https://0x7f000002/x', 'https://2130706434/x',
              'https://192.168.1.1/x', 'https://[fe80::1]/x', 'https://0.0.0.0/x']
    sub = jp.subscribe(title='nowhere', url=inside[0], attacks=True, alerts=False)
    jp.test(sub['id'])
    for url in inside:
        st, a = jp.ask('POST', API, {**FORM, 'id': sub['id'], 'title': 'nowhere', 'url': url})
        st, a = jp.test(sub['id'])
        said = a.get('answers') or [{}]
        t.check(f'{url} is not gone to', st == 200 and said[0].get('state') == 'refused' and 'no address' in said[0]['text'], a)
    jp.ask('POST', API, {**FORM, 'id': sub['id'], 'url': f'http://localhost:{plain.port}/plain'})
    st, a = jp.test(sub['id'])
    t.check('nor http', a['answers'][0]['state'] == 'refused' and not plain.got, a)
    jp.ask('POST', API, {**FORM, 'id': sub['id'], 'url': f'https://localhost:{hook.port}/moved'})
    st, a = jp.test(sub['id'])
    t.check('nor where a redirect leads', a['answers'][0]['state'] == 'refused' and not hook.at('/elsewhere', 1, 0.5), a)
    for bad in ('ftp://h/x', 'https://user:pw@h/x', 'https://h/x y', 'https://', 'javascript:1', 'https://h/' + 'x' * 1000):
        t.equal(f'no URL: {bad[:30]}', jp.ask('POST', API, {**FORM, 'url': bad})[0], 400)
    jp.ask('POST', f'{API}/{sub["id"]}/end', {})


def feeds(t, site, jp, no, sub, other):
    st, a = jp.ask('POST', f'{API}/{sub["id"]}/feed', {})
    token = a['token']
    path = '/api/v1/feed/' + token

    def feed():
        st, _, body = site.ask('GET', path)
        f = json.loads(body)
        return f if st == 200 and len(f['items']) >= 3 else None
    f = until(feed)
    t.check('a feed is read by its token alone', f and f['version'] == 'https://jsonfeed.org/version/1.1', site.ask('GET', path))
    t.equal('it has what is the owner\'s', {i['id'] for i in f['items']}, {'e1', 'e11', 'a1'})
    t.check('and no address of others', '198.51.100' not in json.dumps(f), f)
    atom_feed(t, site, token)
    t.equal('the token opens nothing else', [site.ask('GET', '/api/v1/' + p, key=token)[0] for p in ('status', 'subscriptions', 'alerts')], [401] * 3)
    t.equal('nor as a cookie', site.ask('GET', '/api/v1/status', cookie='practice=' + token)[0], 401)
    t.equal('nor do other secrets open a feed', site.ask('GET', '/api/v1/feed/' + jp.cookie.split('=')[1])[0], 401)
    m = jp.ask('GET', f'{API}/{sub["id"]}/matches')[1]
    t.equal('what would have been told', (m['attacks'], m['alerts'], {i['id'] for i in m['items']}), (2, 1, {'e1', 'e11', 'a1'}))
    t.equal('another\'s subscription is none', [no.ask('GET', f'{API}/{sub["id"]}/matches')[0]] +
            [no.ask('POST', f'{API}/{sub["id"]}/{x}', {})[0] for x in ('end', 'test', 'secret', 'feed', 'feed/end')], [404] * 6)
    t.equal('nor can it be changed', no.ask('POST', API, {**FORM, 'id': sub['id']})[0], 404)
    t.equal('a feed is ended', jp.ask('POST', f'{API}/{sub["id"]}/feed/end', {})[0], 200)
    t.equal('an ended feed is shut', site.ask('GET', path)[0], 401)


ATOM = '{http://www.w3.org/2005/Atom}'


def atom_feed(t, site, token):
    path = '/api/v1/feed/atom/' + token
    st, h, body = site.ask('GET', path)
    t.equal('the same as Atom', (st, h['content-type'].split(';')[0]), (200, 'application/atom+xml'))
    root = xml.etree.ElementTree.fromstring(body)
    entries = root.findall(ATOM + 'entry')
    one = lambda e, name: [x.text for x in e.findall(ATOM + name)]
    t.equal('... each thing once, under an id that stays', sorted(one(e, 'id')[0] for e in entries),
            ['urn:practice:alert:a1', 'urn:practice:attack:e1', 'urn:practice:attack:e11'])
    t.check('... what RFC 4287 asks of a feed and of an entry', root.tag == ATOM + 'feed' and one(root, 'id')[0].startswith('urn:practice:subscription:s') and
            all(len(one(e, n)) == 1 for e in [root, *entries] for n in ('id', 'title', 'updated')) and root.find(ATOM + 'author') is not None and
            all(e.find(ATOM + 'link').get('href') for e in entries), body)
    t.equal('... of the time of the newest', one(root, 'updated')[0], max(one(e, 'updated')[0] for e in entries))
    t.check('... and no address of others', b'198.51.100' not in body, body)
    t.equal('... not sent again when nothing has changed', site.ask('GET', path, headers={'If-None-Match': h['etag']})[0], 304)
    t.equal('... and not without its token', site.ask('GET', '/api/v1/feed/atom/fd_0')[0], 401)


def keys(t, site, jp):
    st, a = jp.ask('POST', '/api/v1/keys', {'label': 'k', 'password': PASSWORD})
    t.equal('a key reads the list, and changes nothing', [site.ask('GET', API, key=a['key'])[0], site.ask('POST', API, FORM, key=a['key'])[0],
            site.ask('POST', '/api/v1/mails', {'address': 'a@isp.example', 'language': 'en'}, key=a['key'])[0]], [200, 403, 403])


def silent(t, scene, n=8, each=2):
    """Webhooks of many organisations that take a connection and say nothing: nobody else waits for one of them to end."""
    site, bus, hook = scene.site, scene.bus, scene.hook
    pit = Tarpit()
    for i in range(n):
        site.access('org', 'add', f'pit{i}', '--scope', '203.0.113.0/24', '--clearance', 'TLP:AMBER')
        site.access('user', 'add', f'pit{i}', '--org', f'pit{i}', '--role', 'viewer', stdin=PASSWORD)
    people = [Person(site, f'pit{i}') for i in range(n)]
    subs = [(p, p.subscribe(title=f'pit {k}', url=f'https://localhost:{pit.port}/{k}', attacks=False)) for p in people for k in range(each)]

    def tried():
        tried.n += 1
        bus.say(alert(600 + tried.n, ['203.0.113.6', '198.51.100.6']))
        time.sleep(1)
        return pit.had >= n
    tried.n = 0
    t.check('each of them has a try under way', until(tried), pit.had)
    bus.say(alert(690, ['203.0.113.6', '198.51.100.6']))
    told = until(lambda: any(x.startswith('a690.1.') for x in hook.ids('/no')))
    t.check('another organisation is told of what comes then', told, hook.ids('/no'))
    t.equal('... before one of those tries has ended', pit.ended, 0)
    for p, s in subs:
        p.ask('POST', f'{API}/{s["id"]}/end', {})
    pit.close()


def lasting(t, scene, jp, no, ours, theirs):
    """Killed and started anew; rights that change; accounts that end."""
    site, bus, hook = scene.site, scene.bus, scene.hook
    scene.end('notify')
    bus.say(episode(21, victim='203.0.113.21'))
    site.start('notify')
    n = len(hook.at('/jp'))
    t.check('after a kill the subscription is still there, and nothing is lost',
            until(lambda: 'e21.1.' + ours['id'] in hook.ids('/jp')), hook.ids('/jp'))
    t.check('and of each there is one', len(set(hook.ids('/jp'))) == len(hook.ids('/jp')), hook.ids('/jp'))
    site.access('org', 'add', 'other', '--scope', '203.0.113.0/28 198.51.100.0/24', '--clearance', 'TLP:GREEN')

    def wider():
        k = wider.n = wider.n + 1
        bus.say(alert(100 + k, ['203.0.113.3']))
        return any(f'a{100 + i}.1.' in ''.join(hook.ids('/no')) for i in range(1, k + 1))
    wider.n = 0
    t.check('a wider scope is told more', until(wider), hook.ids('/no'))
    site.access('org', 'add', 'other', '--scope', '198.51.100.0/24', '--clearance', 'TLP:GREEN')

    def narrow():
        k = narrow.n = narrow.n + 1
        bus.say(alert(200 + k, ['203.0.113.3']))
        bus.say(alert(300 + k, ['198.51.100.3']))
        hook.at('/no', 10**6, 1)
        got = ' '.join(hook.ids('/no'))
        return f'a{300 + k}.1.' in got and f'a{200 + k}.1.' not in got
    narrow.n = 0
    t.check('a narrower one less', until(narrow), hook.ids('/no'))
    bus.say(alert(400, ['198.51.100.3'], tlp='TLP:AMBER'))
    bus.say(alert(401, ['198.51.100.3']))
    until(lambda: f'a401.1.{theirs["id"]}' in hook.ids('/no'))
    t.check('nor what is above the clearance', f'a400.1.{theirs["id"]}' not in hook.ids('/no'), hook.ids('/no'))
    site.access('user', 'disable', 'ola')

    def quiet():
        k = quiet.n = quiet.n + 1
        bus.say(alert(500 + k, ['198.51.100.3']))
        hook.at('/no', 10**6, 1.5)
        return f'a{500 + k}.1.{theirs["id"]}' not in hook.ids('/no')
    quiet.n = 0
    t.check('whose account is shut is told nothing more', until(quiet), hook.ids('/no'))
    t.equal('an ended subscription is gone', (jp.ask('POST', f'{API}/{ours["id"]}/end', {})[0], jp.row(ours['id'])), (200, None))
    audit = Person(site, 'admin').ask('GET', '/api/v1/audit?limit=1000')[1]['rows']
    t.check('the audit has made, confirmed, ended', {'subscription made', 'mail confirmed', 'subscription ended'} <= {x['what'] for x in audit},
            sorted({x['what'] for x in audit}))
    text = json.dumps(audit)
    t.check('and no secret, of no URL more than its host', ours['secret'] not in text and 'fd_' not in text and '/jp' not in text and
            f'https://localhost:{hook.port}' in text, '')


def main():
    t = Tap()
    people = {'aiko': ('isp', '203.0.113.0/24', 'viewer'), 'ola': ('other', '198.51.100.0/24', 'viewer')}
    plain = Receiver()
    try:
        with Site() as site, Scene(site, people, lambda: LocalBus(site), lambda path: 302 if path == '/moved' else 200) as scene:
            run(t, scene, plain)
    finally:
        plain.close()
    t.done()


def run(t, scene, plain):
    site, bus, hook = scene.site, scene.bus, scene.hook
    aiko, ola = scene.people['aiko'], scene.people['ola']
    ours, theirs = chain(t, aiko, ola, bus, hook)
    letters(t, aiko, bus, scene.mta)
    nowhere(t, site, aiko, hook, plain)
    feeds(t, site, aiko, ola, ours, theirs)
    keys(t, site, aiko)
    silent(t, scene)
    lasting(t, scene, aiko, ola, ours, theirs)


if __name__ == '__main__':
    main()
