#!/usr/bin/env python3
"""Signing in by OpenID Connect at a provider that is as bad as a test wants it: from the button to the session, and every
way in which what comes back must not be believed."""
import json
import time
import urllib.parse
import urllib.request

from idp import Key, Provider
from portalsite import Site
from tap import Tap

t = Tap()
START, CALLBACK = '/api/v1/oidc/start', '/api/v1/oidc/callback'


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def at_provider(url):
    """What the provider answers a browser that comes this way: where it sends it."""
    try:
        urllib.request.build_opener(NoRedirect).open(url, timeout=30)
    except urllib.error.HTTPError as e:
        return e.headers['Location']
    return ''


def cookies(h):
    return h['set-cookie'].split(';')[0] if 'set-cookie' in h else ''


def path_of(url):
    u = urllib.parse.urlsplit(url)
    return u.path + ('?' + u.query if u.query else '')


def go(s, to='/'):
    """(cookie of the way, the provider's address)"""
    st, h, body = s.ask('GET', START + '?to=' + urllib.parse.quote(to, safe=''))
    return cookies(h), h.get('location', ''), st, h


def whole(s, to='/'):
    """From the button to where one lands: (status, headers)."""
    cookie, there, st, h = go(s, to)
    if not there.startswith('http'):
        return st, h
    st, h, _ = s.ask('GET', path_of(at_provider(there)), cookie=cookie)
    return st, h


def why(h):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(h.get('location', '')).query).get('oidc', [''])[0]


def settings(p, secret, more=''):
    return (f", oidc: {{issuer: '{p.url}', client-id: practice, client-secret-file: '{secret}', public-url: 'http://127.0.0.1:8640',"
            f" allow-http: yes, timeout: 2s, title: 'House key', title-ja: '鍵', bind: any{more}}}")


def session_of(h):
    """The session's cookie, of lines of Set-Cookie."""
    return next((c.split(';')[0] for c in h.get('set-cookie', '').splitlines() if c.startswith('practice=') and not c.startswith('practice=;')), None)


def me(s, cookie):
    return json.loads(s.ask('GET', '/api/v1/me', cookie=cookie)[2])


def way(s, p):
    st, h, body = s.ask('GET', '/api/v1/me')
    t.equal('who is at the door is told of it', json.loads(body)['oidc'], {'title': 'House key', 'title_ja': '鍵', 'end': False})
    cookie, there, st, h = go(s, '/attacks?from=2013-08-07')
    q = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(there).query))
    t.check('the button leads to the provider', st == 303 and there.startswith(p.url + '/authorize?'), (st, there))
    t.equal('with all that it takes', {k: q.get(k) for k in ('response_type', 'client_id', 'redirect_uri', 'scope', 'code_challenge_method')},
            {'response_type': 'code', 'client_id': 'practice', 'redirect_uri': 'http://127.0.0.1:8640' + CALLBACK, 'scope': 'openid profile', 'code_challenge_method': 'S256'})
    t.check('and 32 random bytes each', all(len(q.get(k, '')) == 43 for k in ('state', 'nonce', 'code_challenge')) and len({q['state'], q['nonce'], cookie.split('=')[1]}) == 3, q)
    attributes = h['set-cookie'].split('; ')[1:]
    t.check('the cookie of the way', {'HttpOnly', 'SameSite=Lax', 'Max-Age=600', 'Path=/'} <= set(attributes), attributes)
    back = path_of(at_provider(there))
    st, h, body = s.ask('GET', back, cookie=cookie)
    session = session_of(h)
    t.check('back, it goes on to where one wanted to be, with a session', st == 303 and h['location'] == '/attacks?from=2013-08-07' and session, (st, h))
    t.check('whose cookie is as that of a password', 'HttpOnly; SameSite=Strict' in h['set-cookie'], h['set-cookie'])
    t.equal('it is the account of that name', [me(s, session)[k] for k in ('user', 'role', 'org')], ['viewer', 'viewer', 'jp'])
    st, h, _ = s.ask('GET', back, cookie=cookie)
    t.check('the same answer once more is worth nothing', why(h) == 'expired' and not session_of(h), h)
    code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))['code']
    t.check('no code or token is in a log', code not in s.logs() and 'eyJ' not in s.logs())


def main():
    p = Provider()
    try:
        site = Site()
        secret = site.base / 'secret'
        secret.write_text(p.secret + '\n')
        site.conf.write_text(site.conf.read_text().replace('rate: 0', 'rate: 0' + settings(p, secret)))
        with site as s:
            way(s, p)
    finally:
        p.close()
    t.done()


main()
