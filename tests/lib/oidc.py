"""A browser's way through signing in by OpenID Connect, and a portal that is told of a provider."""
import json
import urllib.parse

from portalsite import Site

START, CALLBACK, PUBLIC = '/api/v1/oidc/start', '/api/v1/oidc/callback', 'http://127.0.0.1:8640'


def public_of(s):
    return f'http://127.0.0.1:{s.port}'


def site(issuer, secret, more='', accounts=(), public=PUBLIC, own=False):
    """A Site, not started yet, that takes this provider's word; accounts: (name, role) without a password. public: where browsers
    find it, for the provider; own: where it really is."""
    s = Site()
    plain = 'yes' if public == PUBLIC else 'no'
    (s.base / 'secret').write_text(secret + '\n')
    s.conf.write_text(s.conf.read_text().replace(
        'rate: 0', f"rate: 0, proxies: 127.0.0.1, oidc: {{issuer: '{issuer}', client-id: practice, client-secret-file: '{s.base}/secret', public-url: '{public_of(s) if own else public}',"
        f" allow-http: {plain}, title: 'House key', title-ja: '鍵'{more}}}"))
    s.access('org', 'add', 'jp', '--scope', 'JP AS64500', '--clearance', 'TLP:AMBER')
    for name, role in accounts:
        s.access('user', 'add', name, '--org', 'jp', '--role', role)
    return s


def cookie(h, name='practice-oidc'):
    """"name=value" that the answer sets; None: it does not, or takes it away."""
    return next((c.split(';')[0] for c in h.get('set-cookie', '').splitlines() if c.startswith(name + '=') and not c.startswith(name + '=;')), None)


def path_of(url):
    u = urllib.parse.urlsplit(url)
    return u.path + ('?' + u.query if u.query else '')


def query_of(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


def start(s, to='/', **kw):
    """(cookie of the way, the provider's address): the second is a local path when there is no way there."""
    _, h, _ = s.ask('GET', START + '?to=' + urllib.parse.quote(to, safe=''), **kw)
    return cookie(h), h.get('location', '')


def whole(s, at_provider, to='/'):
    """From the button to where one lands; at_provider(url) is what the provider sends a browser back to."""
    way, there = start(s, to)
    if not there.startswith('http'):
        return {'location': there}
    return s.ask('GET', path_of(at_provider(there)), cookie=way)[1]


def why(h):
    return query_of(h.get('location', '')).get('oidc', '')


def session(h):
    return cookie(h, 'practice')


def me(s, cookie):
    return json.loads(s.ask('GET', '/api/v1/me', cookie=cookie)[2])


def audit(s):
    """[what user subject: detail], oldest first"""
    return [f'{r["what"]} {r["user"]} {r["on"]}: {r["detail"]}' for r in reversed(json.loads(s.access('audit', 'list', '--json', '--limit', '1000')))]
