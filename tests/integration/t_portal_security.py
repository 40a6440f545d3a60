#!/usr/bin/env python3
"""The portal with accounts, attacked: every way in that is known must be shut, and stay shut."""
import json
import socket
import threading
import time

from portalsite import PASSWORD, ROLES, Site
from tap import Tap

t = Tap()
API = '/api/v1'
HEADERS = {'content-security-policy': "require-trusted-types-for 'script'", 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY',
           'referrer-policy': 'no-referrer', 'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin'}
# What each role may: the table of docs/decisions/011. None: anyone.
NEED = {'/me': None, '/session': None, **{f'{m}/oidc/{p}': None for m, p in (('', 'start'), ('', 'callback'), ('', 'end'), ('POST ', 'code'))}, '/flows': 'analyst', '/packets': 'analyst', '/packets/pcap': 'analyst', '/hits': 'analyst', '/findings': 'analyst', '/findings/latest': 'analyst', '/host/{address}': 'analyst', '/query': 'analyst',
        '/decisions': 'analyst', 'POST /alerts/{id}/decisions': 'analyst', '/metrics': 'operator', '/system': 'operator', '/users': 'admin',
        '/orgs': 'admin', '/audit': 'admin'}


def code(body):
    try:
        return json.loads(body)['error']['code']
    except (ValueError, KeyError, TypeError):
        return None


def complete(h):
    return [k for k, v in HEADERS.items() if v not in h.get(k, '')]


def doors(s, cookies):
    """Every route of the API, by each role, without anything, and with rubbish."""
    st, _, body = s.ask('GET', API + '/openapi.json', cookie=cookies['viewer'])
    paths = json.loads(body)['paths'] if st == 200 else {}
    t.check('the description of the API lists its paths', len(paths) > 20, body[:200])
    wrong, bare = [], []
    for path, ops in sorted(paths.items()):
        url = API + path.replace('{address}', '192.0.2.1').replace('{what}', '443/tcp').replace('{id}', 'none')
        for op in ops:
            method = op.upper()
            # a feed's token alone says who asks: t_subscriptions.py
            if path == '/events' or path.startswith(('/session', '/me/', '/feed/')):
                continue
            need = NEED.get(f'{method} {path}', NEED.get(path, 'viewer'))
            body = {} if method == 'POST' else None
            for who, given in [('nobody', {}), ('rubbish', {'cookie': 'practice=' + 'a' * 64}), ('bad key', {'key': 'pk_' + 'a' * 64}),
                               *[(r, {'cookie': cookies[r]}) for r in ROLES]]:
                st, h, answer = s.ask(method, url, body, **given)
                bare += [(url, st, k) for k in complete(h)]
                if need is None:
                    good = st == 200 or (st == 404 and code(answer) == 'no_oidc')
                elif who not in ROLES:
                    good = st == 401 and code(answer) == 'sign_in'
                elif ROLES.index(who) < ROLES.index(need):
                    good = st == 403 and code(answer) == 'role'
                else:
                    # 403 "denied" is the gate's: not in this part of the world
                    good = code(answer) not in ('sign_in', 'role', 'cross_site') and (st < 500 or code(answer) in ('store', 'no_history'))
                if not good:
                    wrong.append((method, path, who, st, answer[:100]))
    t.check('every route is open to whom its role allows, to nobody else', not wrong, '\n'.join(map(str, wrong)))
    t.check('every answer has the headers that protect the page', not bare, bare[:10])
    named = {(w, p): code(s.ask('GET', API + p, cookie=cookies[w])[2]) for w in ('viewer', 'analyst')
             for p in ('/about/192.0.2.1', '/about/192.0.2.0/24', '/about/2001:db8::1', '/top?by=src', '/top?q=by%3Dsrc', '/series?q=by%3Dsrc',
                       '/series?src=192.0.2.1', '/top?victim=192.0.2.1', '/top?q=src%3D192.0.2.1')}
    for p in ('/ports/heat?from=1678-01-01&to=2261-12-31&sensor=zz', '/about/23%2Ftcp?from=1678-01-01&to=2261-12-31', '/ports/heat?from=1678-01-01'):
        st, _, body = s.ask('GET', API + p, cookie=cookies['viewer'])
        t.check(f'a time as long as numbers go: {p}', st == 400 and b'time' in body, (st, body[:200]))
    t.check('what names hosts takes an analyst, whatever its route', all((code == 'role') == (w == 'viewer') for (w, _), code in named.items()), named)
    st, h, _ = s.ask('GET', API + '/events')
    t.check('the live stream too asks who is there', st == 401 and not complete(h), (st, h))
    st, h, _ = s.ask('GET', '/')
    t.check('the page itself is open, with the same headers', st == 200 and not complete(h), (st, complete(h)))
    bare = [(m, p, st, complete(h)) for m, p in [('GET', '/nothing'), ('GET', API + '/nothing'), ('POST', '/'), ('DELETE', API + '/users'),
                                                 ('GET', API + '/session'), ('GET', API + '/me?x=1')]
            for st, h, _ in [s.ask(m, p, {} if m == 'POST' else None)] if complete(h) or st not in (400, 404, 405)]
    t.check('errors have them as well', not bare, bare)


def methods(s, cookie):
    wrong = []
    for m in ('PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND', 'X' * 40):
        for path in (API + '/users', API + '/status', '/'):
            got = s.raw(f'{m} {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n'.encode())
            if not (got == b'' or got.startswith((b'HTTP/1.1 405', b'HTTP/1.1 400', b'HTTP/1.1 404'))) or b'practice=' in got:
                wrong.append((m, path, got[:80]))
    t.check('other methods are refused; TRACE gives no cookie back', not wrong, wrong)
    st, h, _ = s.ask('POST', API + '/status', {}, cookie=cookie)
    t.check('405 says what is allowed', st == 405 and h.get('allow') == 'GET, HEAD', (st, h))
    st, h, _ = s.ask('GET', API + '/session', cookie=cookie)
    t.check('... also where only POST is', st == 405 and h.get('allow') == 'POST', (st, h))


def cross_site(s, cookies):
    user = {'user': 'evil', 'org': 'jp', 'role': 'admin', 'password': 'evil evil evil', 'proof': PASSWORD}
    admin = cookies['admin']
    own = f'http://127.0.0.1:{s.port}'
    forms = [('without X-Practice', {'X-Practice': None}), ('X-Practice: 0', {'X-Practice': '0'}),
             ('a form', {'X-Practice': None, 'Content-Type': 'application/x-www-form-urlencoded'}),
             ('text/plain', {'Content-Type': 'text/plain'}), ('no type', {'Content-Type': None}),
             ('application/jsonp', {'Content-Type': 'application/jsonp'}),
             ('a foreign origin', {'Origin': 'https://evil.example'}), ('origin null', {'Origin': 'null'}),
             ('our name as a part', {'Origin': 'http://127.0.0.1.evil.example'}), ('our name as user', {'Origin': 'http://127.0.0.1@evil.example'}),
             ('Sec-Fetch-Site', {'Sec-Fetch-Site': 'cross-site'}), ('a sibling', {'Sec-Fetch-Site': 'same-site'})]
    for what, h in forms:
        st, _, body = s.ask('POST', API + '/users', user, headers=h, cookie=admin)
        t.check(f'CSRF, {what}: refused', st in (403, 415), (st, body))
    for what, h in forms[:1] + forms[6:7]:
        st, h2, body = s.sign_in('viewer', headers=h)
        t.check(f'signing somebody in from elsewhere, {what}: refused', st == 403 and 'set-cookie' not in h2, (st, body))
    st, _, body = s.ask('GET', API + '/users', cookie=admin)
    t.check('nobody came in by that', b'evil' not in body and st == 200, body)
    st, _, body = s.ask('POST', API + '/users', {**user, 'user': 'good'}, headers={'Origin': own, 'Sec-Fetch-Site': 'same-origin'}, cookie=admin)
    t.check('the page itself can', st == 200, (st, body))
    for what, path, body in (('a role', '/users', {'user': 'good', 'role': 'viewer'}), ('a password', '/users', {'user': 'good', 'password': 'another password', 'disabled': True}),
                             ('an open account', '/users', {'user': 'good'}), ('a part of the world', '/orgs', {'name': 'jp', 'scope': '*'}),
                             ('a clearance', '/orgs', {'name': 'jp', 'clearance': 'TLP:RED'})):
        st, _, answer = s.ask('POST', API + path, body, cookie=admin)
        t.check(f'a stolen session gives nobody {what}', st == 403, (st, answer))
    st, _, answer = s.ask('POST', API + '/users', {'user': 'good', 'disabled': True}, cookie=admin)
    t.check('... an account is shut without it', st == 200, (st, answer))
    st, h, _ = s.ask('GET', API + '/me', headers={'Origin': 'https://evil.example'}, cookie=admin)
    t.check('no other origin is ever allowed to read', 'access-control-allow-origin' not in h, h)


def sessions(s):
    planted = 'practice=' + 'b' * 64
    st, h, _ = s.ask('POST', API + '/session', {'user': 'viewer', 'password': 'correct horse battery'}, cookie=planted)
    fresh = h.get('set-cookie', '')
    t.check('fixation: a planted token is not adopted', st == 200 and 'b' * 64 not in fresh and s.ask('GET', API + '/status', cookie=planted)[0] == 401, fresh)
    attributes = {a.strip().split('=')[0].lower() for a in fresh.split(';')[1:]}
    t.check('the cookie: HttpOnly, SameSite=Strict, whole path, no domain', {'httponly', 'samesite', 'path'} <= attributes and
            'domain' not in attributes and 'SameSite=Strict' in fresh and 'Path=/;' in fresh, fresh)
    first, second = s.session('viewer'), s.session('viewer')
    t.check('each sign-in has a token of its own', first != second and len(first) == len('practice=') + 64, (first, second))
    t.check('... which is in no answer and no list', all(first.split('=')[1].encode() not in s.ask('GET', API + p, cookie=first)[2] for p in ('/me', '/keys')))
    st, _, _ = s.ask('POST', API + '/session/end', {}, cookie=first)
    t.check('sign-out ends this session at once', st == 200 and s.ask('GET', API + '/status', cookie=first)[0] == 401)
    t.check('... and no other', s.ask('GET', API + '/status', cookie=second)[0] == 200)
    t.check('a token is no key and a key no cookie',
            s.ask('GET', API + '/status', headers={'Authorization': 'Bearer ' + second.split('=')[1]})[0] == 401)
    for given in ({}, {'password': ''}):  # a wrong one counts as a guess: `guessing` needs them all
        st, _, body = s.ask('POST', API + '/keys', {'label': 'stolen', **given}, cookie=second)
        t.check(f'a stolen session makes no key ({given})', st == 403 and b'pk_' not in body, (st, body))
    st, _, body = s.ask('POST', API + '/keys', {'label': 'test', 'password': PASSWORD}, cookie=second)
    key = json.loads(body)['key'] if st == 200 else ''
    t.check('a key opens the door by Authorization only', s.ask('GET', API + '/status', key=key)[0] == 200 and
            s.ask('GET', API + '/status', cookie='practice=' + key)[0] == 401 and s.ask('GET', API + '/status?key=' + key)[0] in (400, 401), body)
    t.check('a key makes no keys', s.ask('POST', API + '/keys', {'label': 'more', 'password': PASSWORD}, key=key)[0] == 403)
    put = lambda place, **who: s.ask('POST', API + '/me/views', {'name': 'mine', 'place': place}, **who)[0]
    t.equal('a saved view leads nowhere but to a view', [put(x, cookie=second) for x in ('//evil.example', '/\\evil.example', 'https://evil.example', '/api/v1/me', '/../attacks', '/attacks\r\nX: y', '/ports?x=' + 'a' * 2000, '')], [400] * 8)
    t.equal('... and is kept for its reader alone', (put('/ports?range=7d', cookie=second), [json.loads(s.ask('GET', API + '/me/views', cookie=x)[2])['rows'] == [] for x in (second, s.session('admin'))],
                                                     s.ask('POST', API + '/me/views/end', {'name': 'mine'}, cookie=s.session('admin'))[0]), (200, [False, True], 404))
    t.check('... and no foreign page saves one', s.ask('POST', API + '/me/views', {'name': 'x', 'place': '/'}, {'X-Practice': None}, cookie=second)[0] == 403)
    number = json.loads(s.ask('GET', API + '/keys', cookie=second)[2])['rows'][-1]['id']
    t.check("nobody ends another's key", s.ask('POST', API + f'/keys/{number}/end', {}, cookie=s.session('admin'))[0] == 404)
    t.check('the owner does, and it is over', s.ask('POST', API + f'/keys/{number}/end', {}, cookie=second)[0] == 200 and
            s.ask('GET', API + '/status', key=key)[0] == 401)
    # rights changed on the box, by another process, while a stream is open
    third = s.session('analyst')
    with socket.create_connection(('127.0.0.1', s.port), timeout=60) as c:
        c.sendall(f'GET {API}/events HTTP/1.1\r\nHost: localhost\r\nCookie: {third}\r\n\r\n'.encode())
        got = c.recv(4096)
        t.check('a live stream is open', got.startswith(b'HTTP/1.1 200'), got[:200])
        s.access('user', 'disable', 'analyst')
        t.check('disabled on the box: out at once', s.ask('GET', API + '/status', cookie=third)[0] == 401)
        tail = b''
        while got and not tail.endswith(b'0\r\n\r\n'):  # the last chunk; the socket's time-out fails the test
            got = c.recv(4096)
            tail = (tail + got)[-16:]
        t.check('... and the stream ends', True)
    st, _, _ = s.sign_in('analyst')
    t.check('... and can not sign in', st == 401)
    s.access('user', 'enable', 'analyst')


def guessing(s):
    texts = {json.loads(s.sign_in(u, 'wrong wrong wrong')[2])['error']['text'] for u in ('viewer', 'nobody', "' OR 1=1 --", 'x' * 5000)}
    t.check('the same sentence for every reason', len(texts) == 1, texts)
    waits = 0
    for _ in range(12):
        st, h, body = s.sign_in('operator', 'wrong wrong wrong')
        waits += code(body) == 'wait'
    t.check('brute force: soon it has to wait, by name and address', waits > 0 and st == 401, (waits, st, body))
    st, h, body = s.sign_in('operator')
    t.check('... even with the right password', st == 401 and code(body) == 'wait' and int(h.get('retry-after', 0)) > 0, (st, body))


def smuggling(s, cookie):
    behind = f'GET {API}/me HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n'.encode()
    head = f'POST {API}/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-Practice: 1\r\n'
    for what, lines, body in [
            ('length and chunks', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', b'0\r\n\r\n'),
            ('chunks and length', 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', b'0\r\n\r\n'),
            ('two lengths', 'Content-Length: 0\r\nContent-Length: 44\r\n', b''),
            ('the same length twice', 'Content-Length: 2\r\nContent-Length: 2\r\n', b'{}'),
            ('two codings', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', b'0\r\n\r\n'),
            ('an unknown coding', 'Transfer-Encoding: xchunked\r\n', b'0\r\n\r\n'),
            ('a blank before the colon', 'Transfer-Encoding : chunked\r\n', b'0\r\n\r\n'),
            ('a signed length', 'Content-Length: +2\r\n', b'{}'),
            ('a length with more', 'Content-Length: 2x\r\n', b'{}'),
            ('a length beyond counting', 'Content-Length: 99999999999999999999999999\r\n', b'{}'),
            ('two hosts', 'Host: evil.example\r\nContent-Length: 2\r\n', b'{}')]:
        got = s.raw((head + lines + '\r\n').encode() + body + behind, wait=25)
        t.check(f'smuggling, {what}: the request behind is not answered', b'"signed_in":true' not in got and not got.startswith(b'HTTP/1.1 200'), got[:300])


def paths(s, cookie):
    wrong = []
    for p in ('/../../../../etc/passwd', '/..%2f..%2fetc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/assets/../../etc/passwd', '/..\\..\\etc\\passwd',
              '//etc/passwd', '/etc/passwd%00.js', '/%c0%ae%c0%ae/etc/passwd', API + '/../../portal/access.db', API + '/host/..%2f..%2faccess.db'):
        got = s.raw(f'GET {p} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n'.encode())
        if b'root:' in got or b'SQLite' in got or got.startswith(b'HTTP/1.1 200'):
            wrong.append((p, got[:100]))
    t.check('no path leads out of the page', not wrong, wrong)


def floods(s):
    st, _, body = s.ask('POST', API + '/session', {'user': 'x' * 70000, 'password': 'y'})
    t.check('a body beyond 64 KiB: 413', st == 413, (st, body[:100]))
    st, _, body = s.ask('POST', API + '/session', {'user': 'viewer', 'password': 'y' * 60000})
    t.check('a password of 60 kB costs no work', st == 401 and code(body) == 'denied', (st, body[:100]))
    got = s.raw(f'POST {API}/session HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n'.encode(),
                [b'8000\r\n' + b'x' * 0x8000 + b'\r\n'] * 4 + [b'0\r\n\r\n'])
    t.check('... also in chunks', b' 413' in got[:20] or got == b'', got[:100])
    got = s.raw(f'GET {API}/me HTTP/1.1\r\nHost: localhost\r\nX: {"a" * 100000}\r\n\r\n'.encode())
    t.check('huge headers: refused', got == b'' or got.startswith((b'HTTP/1.1 431', b'HTTP/1.1 413', b'HTTP/1.1 400')), got[:100])
    got = s.raw(f'GET {API}/me?{"a" * 9000} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'.encode())
    t.check('a huge target: refused', got == b'' or got.startswith((b'HTTP/1.1 414', b'HTTP/1.1 431')), got[:100])
    for body in (b'[' * 30000, b'{"user":' * 5000, b'\xff\xfe', b'null', b'"x"', b'{"user":1,"password":[]}', b'{"user":"\\u0000","password":"x"}', b''):
        got = s.raw(f'POST {API}/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-Practice: 1\r\nConnection: close\r\n'
                    f'Content-Length: {len(body)}\r\n\r\n'.encode() + body)
        t.check(f'a body that is no sign-in ({body[:12]!r}): refused', got.startswith((b'HTTP/1.1 400', b'HTTP/1.1 401')), got[:200])


class Slowloris(threading.Thread):
    """Many that never finish, while all the others are asked; each is cut off after 20 s."""

    def __init__(self, s):
        super().__init__(daemon=True)
        self.open = [socket.create_connection(('127.0.0.1', s.port), timeout=60) for _ in range(40)]
        for c in self.open:
            c.sendall(f'POST {API}/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n'.encode())

    def over(self, c):
        try:
            c.sendall(b'X')
            c.setblocking(False)
            return c.recv(100) == b''
        except BlockingIOError:
            c.setblocking(True)
            return False
        except OSError:
            return True

    def run(self):
        end = time.monotonic() + 60
        while self.open and time.monotonic() < end:
            self.open = [c for c in self.open if not self.over(c)]
            time.sleep(0.5)


def second_factor(s):
    cookie = s.session('viewer')
    st, _, body = s.ask('POST', API + '/me/totp', {}, cookie=cookie)
    t.check('a stolen session makes no second factor', st == 403 and b'otpauth' not in body, (st, body))
    st, h, body = s.ask('POST', API + '/me/totp', {'password': PASSWORD}, cookie=cookie)
    t.check('a new secret is shown once and kept by nobody', st == 200 and h.get('cache-control') == 'no-store' and b'otpauth://' in body, (st, h, body))
    st, _, _ = s.ask('POST', API + '/me/totp/confirm', {'code': '000000x'}, cookie=cookie)
    t.check('a wrong code does not confirm it', st == 403)
    st, _, body = s.ask('POST', API + '/me/password', {'old': 'wrong wrong wrong', 'password': 'another password'}, cookie=cookie)
    t.check('a stolen session can not set a password', st == 403, (st, body))


def audit(s, cookie):
    lines = json.loads(s.ask('GET', API + '/audit?limit=1000', cookie=cookie)[2])['rows']
    seen = {r['what'] for r in lines}
    t.check('the audit has sign-ins, failures, sign-outs, keys, users, questions', {'sign-in', 'sign-in failed', 'sign-out', 'key made', 'user', 'flows'} <= seen, seen)
    t.check('... not what events tell anyway', 'findings' in seen and 'findings_latest' not in seen, seen)
    text = json.dumps(lines)
    t.check('... and no password, token or key', 'wrong wrong' not in text and 'correct horse' not in text and 'pk_' not in text and 'OR 1=1' not in text)
    before = json.loads(s.ask('GET', API + '/audit?limit=1', cookie=cookie)[2])['rows'][0]['n']
    s.ask('POST', API + '/orgs', {'name': 'jp', 'title': 'Once'}, cookie=cookie)
    made = [r for r in json.loads(s.ask('GET', API + '/audit?limit=9', cookie=cookie)[2])['rows'] if r['n'] > before and r['what'] != 'audit']
    t.check('a change is one line, with who, of which organisation, and from where',
            [(r['what'], r['on'], r['user'], r['org'], r['from']) for r in made] == [('organisation', 'jp', 'admin', 'jp', '127.0.0.1')], made)
    st, _, _ = s.ask('GET', API + '/alerts?format=csv', cookie=cookie)
    last = json.loads(s.ask('GET', API + '/audit?limit=3', cookie=cookie)[2])['rows']
    t.check('an export is noted before it leaves', any(r['what'] == 'export' and r['from'] == '127.0.0.1' for r in last), last)
    s.ask('GET', API + '/alerts?format=csv&key=%C2%9B2J%E2%80%AEgpj', cookie=cookie)
    listed = s.access('audit', 'list', '--limit', '5')
    t.check('... what was asked does not reach the terminal as it is', '\\u009b2J\\u202egpj' in listed and '\x9b' not in listed and '\u202e' not in listed, listed)
    t.check('... and all of it is as it was written', 'as they were written' in s.access('audit', 'check'))


with Site() as site:
    modes = [(site.base / d).stat().st_mode & 0o777 for d in ('data', 'data/portal', 'data/portal/access.db')]
    t.equal('accounts made first lock no role out of the data, and nobody into themselves', [f'{m:o}' for m in modes], ['755', '700', '600'])
    cookies = {r: site.session(r) for r in ROLES}
    slow = Slowloris(site)
    t.check('slow requests do not keep others out', site.ask('GET', API + '/status', cookie=cookies['viewer'])[0] == 200)
    slow.start()
    doors(site, cookies)
    methods(site, cookies['admin'])
    cross_site(site, cookies)
    sessions(site)
    smuggling(site, cookies['admin'])
    paths(site, cookies['admin'])
    second_factor(site)
    audit(site, cookies['admin'])
    floods(site)
    guessing(site)
    slow.join()
    t.check('slow requests are cut off, however they drip', not slow.open, len(slow.open))
    t.check('the portal is still the one that was started', all(p.poll() is None for p in site.children), site.logs())
    t.check('and has had nothing to complain of', 'accounts_failed' not in site.logs() and 'audit_failed' not in site.logs(), site.logs())
t.done()
