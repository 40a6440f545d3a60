#!/usr/bin/env python3
"""Signing in by OpenID Connect at a provider that is as bad as a test wants it: from the button to the session, and the
ways in which what comes back must not be believed, or must not hold up anybody else."""
import base64
import hmac
import json
import os
import pathlib
import re
import sqlite3
import struct
import tempfile
import threading
import time
import urllib.parse

from certs import authority, certificate
from idp import Key, Provider, at_provider, b64, openssl
from oidc import CALLBACK, PUBLIC, audit, cookie, me, path_of, query_of, session, site, start, whole, why
from portalsite import PASSWORD
from tap import Tap

t = Tap()


def way(s, p):
    """All of it once, step by step."""
    st, _, body = s.ask('GET', '/api/v1/me')
    t.equal('who is at the door is told of it', json.loads(body)['oidc'], {'title': 'House key', 'title_ja': '鍵', 'end': False})
    st, h, _ = s.ask('GET', '/api/v1/oidc/start?to=%2Fattacks%3Ffrom%3D2013-08-07')
    there, q = h['location'], query_of(h['location'])
    t.check('the button leads to the provider', st == 303 and there.startswith(p.url + '/authorize?'), (st, there))
    t.equal('with all that it takes', {k: q.get(k) for k in ('response_type', 'client_id', 'redirect_uri', 'scope', 'code_challenge_method')},
            {'response_type': 'code', 'client_id': 'practice', 'redirect_uri': PUBLIC + CALLBACK, 'scope': 'openid profile', 'code_challenge_method': 'S256'})
    own = cookie(h)
    t.check('and 32 random bytes each', all(len(q.get(k, '')) == 43 for k in ('state', 'nonce', 'code_challenge')) and len({q['state'], q['nonce'], own.split('=')[1]}) == 3, q)
    t.check('the cookie of the way', {'HttpOnly', 'SameSite=Lax', 'Max-Age=600', 'Path=/'} <= set(h['set-cookie'].split('; ')[1:]), h['set-cookie'])
    t.check('behind TLS it is of this host only', 'Secure' in (x := s.ask('GET', '/api/v1/oidc/start', headers={'X-Forwarded-Proto': 'https'})[1]['set-cookie']) and x.startswith('__Host-'), x)
    back = path_of(at_provider(there))
    st, h, body = s.ask('GET', back, cookie=own)
    mine = session(h)
    t.check('back, it goes on to where one wanted to be, with a session', st == 303 and h['location'] == '/attacks?from=2013-08-07' and mine and not body, (st, h))
    t.check('whose cookie is as that of a password', 'HttpOnly; SameSite=Strict' in h['set-cookie'], h['set-cookie'])
    t.equal('it is the account of that name', [me(s, mine)[k] for k in ('user', 'role', 'org')], ['mika', 'viewer', 'jp'])
    h = s.ask('GET', back, cookie=own)[1]
    t.check('the same answer once more is worth nothing', why(h) == 'expired' and not session(h), h)
    code = query_of(back)['code']
    t.check('no code or token is in a log', code not in s.logs() and 'eyJ' not in s.logs())
    end = s.ask('GET', '/api/v1/oidc/end')[1]['location']
    t.check('one can go on to sign out there', end == p.url + '/end?client_id=practice&post_logout_redirect_uri=' + urllib.parse.quote(PUBLIC + '/sign-in', safe='') and json.loads(s.ask('GET', '/api/v1/me')[2])['oidc']['end'], end)


def unfit(s, p):
    """What the provider says of itself, before anybody could sign in."""
    for what, bad in [
            ('is of another issuer', {'document': {'issuer': p.url + '/'}}), ('names places that are not https', {'document': {'token_endpoint': 'http://192.0.2.1/token'}}),
            ('knows no PKCE', {'document': {'code_challenge_methods_supported': ['plain']}}), ('is a redirect', {'to': {'openid-configuration': p.url + '/keys'}}),
            ('is missing', {'raw': {'openid-configuration': (404, b'')}}), ('is no JSON', {'raw': {'openid-configuration': (200, b'<html>')}}),
            ('is a list', {'raw': {'openid-configuration': (200, b'[]')}}), ('says a thing twice', {'raw': {'openid-configuration': (200, b'{"issuer":"a","issuer":"b"}')}}),
            ('has no end', {'huge': ['openid-configuration']})]:
        p.bad = bad
        h = whole(s, at_provider, '/alerts')
        t.check(f'a document that {what} leads nowhere', h['location'] == '/sign-in?oidc=provider&back=%2Falerts', h['location'])
    p.bad = {}


def forged(p):
    """name -> a maker of the token that must not be believed."""
    mine = Key('k1')
    pem = openssl('pkey', '-in', p.key.file.name, '-pubout')
    hs = lambda key: lambda c: (d := b64(json.dumps({'alg': 'HS256', 'kid': 'k1'}).encode()) + '.' + b64(json.dumps(c).encode())) + '.' + b64(hmac.digest(key, d.encode(), 'sha256'))
    claim = lambda **kw: lambda c: p.key.token({k: v for k, v in {**c, **kw}.items() if v is not None})
    now = int(time.time())

    def none(c):
        return b64(b'{"alg":"none"}') + '.' + b64(json.dumps(c).encode()) + '.'

    def other_claims(c):
        head, _, sig = p.key.token(c).split('.')
        return '.'.join((head, b64(json.dumps({**c, 'preferred_username': 'admin'}).encode()), sig))

    return {
        'for another client': claim(aud='other'), 'for us and others, made for nobody': claim(aud=['practice', 'other']), 'made for another (azp)': claim(azp='other'),
        'for nobody': claim(aud=None), 'expired': claim(exp=now - 120), 'without an end': claim(exp=None), 'without a beginning': claim(iat=None), 'of the future': claim(iat=now + 600),
        'not valid yet': claim(nbf=now + 600), 'old': claim(iat=now - 3600), 'of another sign-in': claim(nonce='x'), 'without nonce': claim(nonce=None),
        'of another issuer': claim(iss='https://other.example'), 'of nobody': claim(sub=None), 'of a number': claim(sub=1), 'of a name too long': claim(sub='x' * 256), 'of control characters': claim(sub='a\nb'),
        'unsigned': none, 'signed with the public key as secret': hs(pem), 'signed with the secret of the client': hs(p.secret.encode()), 'signed by another key of the same name': mine.token,
        'with a key of its own': lambda c: mine.token(c, head={'jwk': mine.jwk()}), 'with the address of its own keys': lambda c: mine.token(c, head={'jku': p.url + '/keys', 'kid': 'k7'}),
        'by a key that nobody has': lambda c: p.key.token(c, head={'kid': 'k9'}), 'that asks for extensions': lambda c: p.key.token(c, head={'crit': ['b64'], 'b64': False}),
        'with other claims than were signed': other_claims, 'cut off': lambda c: p.key.token(c)[:-8], 'of two parts': lambda c: p.key.token(c).rsplit('.', 1)[0], 'of nothing': lambda c: '',
        'as long as a book': claim(more='x' * 40000), 'that says RS512': lambda c: p.key.token(c, alg='RS256', head={'alg': 'RS512'}), 'that says a thing twice': lambda c: p.key.token(c, head={'kid': None}) + 'A',
    }


def tokens(s, p):
    wrong = {}
    for name, make in forged(p).items():
        p.bad = {'token': make}
        h = whole(s, at_provider)
        if why(h) != 'token' or session(h):
            wrong[name] = h.get('location'), session(h)
    p.bad = {}
    t.equal('no such token lets anybody in', wrong, {})
    said = [x for x in audit(s) if x.startswith('sign-in failed (unknown)')]
    t.check('each of them is in the audit, with the reason and nothing of the token', len(said) == len(forged(p)) and any('aud' in x for x in said) and not any('eyJ' in x for x in said), '\n'.join(said))
    asked = sum(w == 'keys' for w, _ in p.asked)
    t.check('an unknown key makes it ask for the keys again, not at once and not each time', asked <= 3, asked)
    p.claims = {'aud': ['practice', 'account'], 'azp': 'practice'}
    t.check('for others too, and made for us: fine', session(whole(s, at_provider)))
    p.claims = {}


def answers(s, p):
    """What a browser brings back."""
    def back(change, other=None, cookie_is=True):
        own, there = start(s)
        url = urllib.parse.urlsplit(at_provider(there))
        q = {k: v for k, v in {**query_of(url.geturl()), **change}.items() if v is not None}
        return s.ask('GET', url.path + '?' + urllib.parse.urlencode(q), cookie=(other or own) if cookie_is else None)[1]

    other = start(s)[0]
    for what, word, h in [
            ('of another provider (mix-up)', 'provider', back({'iss': 'https://other.example'})), ('that does not say of which provider, though ours always does', 'provider', back({'iss': None})),
            ('with another state', 'expired', back({'state': 'x' * 43})), ('without state', 'expired', back({'state': None})), ('without the cookie', 'expired', back({}, cookie_is=False)),
            ('with the cookie of another way', 'expired', back({}, other)), ('without code', 'provider', back({'code': None})), ('with a code of nobody', 'provider', back({'code': 'x'})),
            ('with a code as long as a book', 'provider', back({'code': 'x' * 3100})), ('that says no', 'denied', back({'code': None, 'error': 'access_denied'})),
            ('that says what nobody knows', 'provider', back({'code': None, 'error': 'x y<b>'}))]:
        t.check(f'an answer {what} lets nobody in', why(h) == word and not session(h), h)
    ours = [start(s) for _ in range(34)]
    first, last = ({'location': ''} if not there else s.ask('GET', path_of(at_provider(there)), cookie=own)[1] for own, there in (ours[0], ours[-1]))
    t.check('one address has so many on the way; its oldest go first', why(first) == 'expired' and session(last), (first, last))
    for to in ('//other.example/', 'https://other.example/', '/\\other.example', '/api/v1/audit', 'attacks', '/nothing', '/attacks?x y', '/' + 'a' * 2000, '/attacks/%0d%0a'):
        h = whole(s, at_provider, to)
        if h.get('location') not in ('/', '/attacks/%0d%0a') or not session(h):
            t.check(f'nobody is sent to {to[:40]!r}', False, h)
    t.check('nobody is sent anywhere but to a view of this page', True)
    for what, bad in [('an answer without end', {'huge': ['token']}), ('a redirect', {'to': {'token': p.url + '/keys'}}), ('an error', {'raw': {'token': (500, b'{}')}}),
                      ('no JSON', {'raw': {'token': (200, b'<html>')}}), ('no ID token', {'raw': {'token': (200, b'{"id_token":7}')}})]:
        p.bad = bad
        t.equal(f'{what} for the code lets nobody in', why(whole(s, at_provider)), 'provider')
    p.bad = {}
    p.secret, was = 'another', p.secret
    before = s.logs().count('invalid_client')
    t.equal('a wrong secret of the client lets nobody in', [why(whole(s, at_provider)) for _ in range(3)], ['provider'] * 3)
    p.secret = was
    t.check('it goes on once that is right again, and the log has said it, once, without the code', session(whole(s, at_provider)) and s.logs().count('invalid_client') <= before + 1, s.logs())


def held_up(s, p):
    """A provider that does not answer: the others go on."""
    p.hold = threading.Event()
    (own, there), landed = start(s), []
    url = path_of(at_provider(there))
    waiting = [threading.Thread(target=lambda: landed.append(s.ask('GET', url, cookie=own)[1]))]
    waiting[0].start()
    p.until('token')
    t.equal('while it is silent, people sign in by password', s.sign_in('analyst')[0], 200)
    t.equal('and read', s.ask('GET', '/api/v1/status', cookie=s.session('analyst'))[0], 200)
    t.check('and it is silent still', not landed)
    more = [threading.Thread(target=lambda: landed.append(s.ask('GET', '/api/v1/oidc/start')[1])) for _ in range(8)]
    for x in more:
        x.start()
    for x in more[:4]:
        p.wait_for(lambda: len(landed) >= 4)
    t.equal('of one address so many wait, more are sent back', [why(h) for h in landed], ['busy'] * 4)
    p.hold.set()
    for x in waiting + more:
        x.join(60)
    p.hold = None
    t.check('when it speaks, all go on', len(landed) == 9 and sum(bool(session(h)) for h in landed) == 1 and sum(h['location'].startswith('http') for h in landed) == 4, landed)


def accounts(s, p):
    """Whose account it is."""
    p.person = {'sub': 'u-2', 'preferred_username': 'Mika'}
    h = whole(s, at_provider)
    t.check("a name does not take over another's account", why(h) == 'taken' and not session(h), h)
    p.person = {'sub': 'u-1', 'preferred_username': 'admin'}
    t.equal('nor does a new name there change whose it is', me(s, session(whole(s, at_provider)))['user'], 'mika')
    p.person = {'sub': 'u-3', 'preferred_username': 'analyst'}
    t.equal('an account with a password is not bound by a name', why(whole(s, at_provider)), 'taken')
    for claim in ({}, {'preferred_username': 7}, {'preferred_username': ''}, {'preferred_username': 'x' * 300}):
        p.person = {'sub': 'u-4', **claim}
        if (w := why(whole(s, at_provider))) != 'claims':
            t.check(f'without a name nobody is let in: {claim}', False, w)
    for name in ('nobody', "x' OR 1=1 --", '../x', 'a b', 'ü'):
        p.person = {'sub': 'u-4', 'preferred_username': name}
        if (w := why(whole(s, at_provider))) != 'unknown':
            t.check(f'nor under {name}', False, w)
    s.access('user', 'unbind', 'mika')
    p.person = {'sub': 'u-2', 'preferred_username': 'mika'}
    t.equal('once unbound, it may be the next one\'s', me(s, session(whole(s, at_provider))).get('user'), 'mika')
    said = audit(s)
    t.check('the audit tells all of it', all(any(y in x for x in said) for y in (f'bound (oidc) mika: oidc iss={p.url} sub=u-1', 'unbound uid', f'sign-in failed mika : the account of this name is another person\'s: oidc iss={p.url} sub=u-2', 'sign-in mika')), '\n'.join(said))
    t.check('and it holds', 'lines as they were written' in s.access('audit', 'check'))


def code_of(uri, ahead=0):
    key = base64.b32decode(query_of(uri)['secret'])
    d = hmac.digest(key, struct.pack('>Q', int(time.time()) // 30 + ahead), 'sha1')
    at = d[-1] & 15
    return f'{(struct.unpack(">I", d[at:at + 4])[0] & 0x7fffffff) % 1000000:06}'


def refused(s, cookie):
    return int(re.search(r'^practice_portal_oidc_refused\S* (\d+)', s.ask('GET', '/api/v1/metrics', cookie=cookie)[2].decode(), re.M)[1])


def disk(s, p):
    """The accounts' file takes nothing while somebody is on the way back."""
    admin = s.session('admin')
    db = sqlite3.connect(s.base / 'data/portal/access.db', isolation_level=None)
    db.execute('BEGIN IMMEDIATE')
    noted = threading.Thread(target=lambda: s.ask('GET', '/api/v1/audit', cookie=admin))
    noted.start()  # its line waits for the file, who comes behind it for the line
    time.sleep(0.5)
    h = whole(s, at_provider, '/ports')
    t.equal('a browser is sent to a page that says so, not to JSON', h.get('location'), '/sign-in?oidc=busy&back=%2Fports')
    db.rollback()
    db.close()
    noted.join()
    for _ in range(100):
        if session(h := whole(s, at_provider, '/ports')):
            break
        time.sleep(0.1)
    t.check('and gets in when it does again', session(h), h)


def factor(s, p):
    """The second factor of our own, behind the provider's word."""
    p.person = {'sub': 'u-5', 'preferred_username': 'operator'}
    mine = s.session('operator')
    uri = json.loads(s.ask('POST', '/api/v1/me/totp', {'password': PASSWORD}, cookie=mine)[2])['uri']
    s.ask('POST', '/api/v1/me/totp/confirm', {'code': code_of(uri)}, cookie=mine)
    h = whole(s, at_provider, '/ports')
    owes = cookie(h)
    t.check('who has a second factor here is asked for it', h['location'] == '/sign-in?oidc=code&back=%2Fports' and not session(h) and owes, h)
    say = lambda code, c=owes: s.ask('POST', '/api/v1/oidc/code', {'code': code}, cookie=c)
    before = refused(s, mine)
    t.equal('a wrong code, or nobody who owes one, is refused', [say('000000')[0], say(code_of(uri, 1), None)[0], say(code_of(uri, 1), 'practice-oidc=' + 'x' * 43)[0]], [401] * 3)
    t.equal('each of them is counted', refused(s, mine) - before, 3)
    st, h, body = say(code_of(uri, 1))
    if st == 401 and json.loads(body)['error']['code'] == 'wait':
        st, h, body = say(code_of(uri, 1))
    t.check('the right one lets in', st == 200 and session(h) and json.loads(body)['user'] == 'operator', (st, body))
    t.equal('once', say(code_of(uri, 1))[0], 401)


def strict(s, p):
    """Keys that change, a name by mail, a stronger sign-in there."""
    new = Key('k2', 'EC')
    p.person = {'sub': 'u-1', 'email': 'Mika@example.net', 'email_verified': True, 'acr': 'gold', 'amr': ['pwd', 'otp']}
    p.key, p.keys = new, [new.jwk(), {'kty': 'oct', 'k': b64(b'x' * 32), 'kid': 'k2'}, {'kty': 'RSA', 'n': 'AQAB', 'e': 'AQAB', 'kid': 'k3'}]
    t.equal('ES256, by mail, with a second factor there', me(s, session(whole(s, at_provider))).get('user'), 'mika@example.net')
    q = query_of(start(s)[1])
    t.equal('which was asked for', q.get('acr_values'), 'gold')
    for change, word in [({'email_verified': False}, 'claims'), ({'email_verified': 'true'}, 'claims'), ({'acr': 'tin'}, 'factor'), ({'amr': ['pwd']}, 'factor'), ({'amr': None}, 'factor')]:
        p.claims = change
        t.equal(f'{change} is not enough', why(whole(s, at_provider)), word)
    p.claims = {}
    p.hold = threading.Event()
    t.equal('a provider that is silent for too long is left', why(whole(s, at_provider)), 'provider')
    p.hold.set()
    p.hold = None


def tls():
    """https, by an authority of one's own; then somebody else stands there."""
    with tempfile.TemporaryDirectory() as d:
        for ca in ('ours', 'theirs'):
            (pathlib.Path(d) / ca[0]).mkdir()
            authority(d, ca)
            certificate(d, ca, 'localhost')
            for end in ('crt', 'key'):
                os.rename(f'{d}/localhost.{end}', f'{d}/{ca[0]}/{end}')
        q = Provider(tls=(d + '/o/crt', d + '/o/key'))
        try:
            with site(q.url, q.secret, f", ca-file: '{d}/ours.crt'", [('mika', 'viewer')], public='https://portal.example.net') as s:
                t.check('https, by an authority of our own', session(whole(s, at_provider)))
                q.tls.load_cert_chain(d + '/t/crt', d + '/t/key')
                h = whole(s, at_provider)
                t.check('a certificate of another is not believed', why(h) == 'provider' and not session(h), h)
                t.check('and the log says so', 'certificate' in s.logs(), s.logs())
        finally:
            q.close()


p = Provider()
try:
    with site(p.url, p.secret, ', timeout: 20s', [('mika', 'viewer')]) as s:
        unfit(s, p)
        way(s, p)
        answers(s, p)
        tokens(s, p)
        accounts(s, p)
        held_up(s, p)
        disk(s, p)
    p.person = {'sub': 'u-1', 'preferred_username': 'mika'}
    with site(p.url, p.secret, ', timeout: 20s, own-second-factor: yes, bind: any') as s:
        factor(s, p)
    with site(p.url, p.secret, ", timeout: 1s, user-claim: email, scopes: [openid, email], acr: [gold], amr: [otp, hwk]", [('mika@example.net', 'viewer')]) as s:
        strict(s, p)
    tls()
finally:
    p.close()
t.done()
