#!/usr/bin/env python3
"""Signing in by OpenID Connect at a real provider: Debian's glewlwyd, which makes its users, keys and tokens by itself."""
from glewlwyd import Glewlwyd
from oidc import CALLBACK, PUBLIC, audit, me, session, site, start, whole, why
from tap import Tap

t = Tap()
with Glewlwyd() as g:
    g.client(PUBLIC + CALLBACK)
    for name in ('mika', 'ren', 'sora'):
        g.user(name, name.title() + ' of there')
    with site(g.issuer, g.secret, ", rules: [{claim: preferred_username, value: sora, org: jp, role: operator}, {value: '*', role: analyst}]",
              [('mika', 'viewer')]) as s:
        there = start(s)[1]
        t.check('the way leads to the provider', there.startswith(g.issuer + '/auth?'), there)
        h = whole(s, lambda url: g.sign_in('mika', url), '/alerts?state=open')
        t.equal('one lands where one wanted to be', h.get('location'), '/alerts?state=open')
        w = me(s, session(h))
        t.equal('as the account of that name, with what the rules say', [w.get(k) for k in ('user', 'org', 'role')], ['mika', 'jp', 'analyst'])
        first = [x for x in audit(s) if not x.startswith('user uid')]
        t.check('the audit has it: bound, and signed in', any(x.startswith('bound (oidc) mika: oidc iss=') for x in first) and any(x.startswith('sign-in mika') and 'sub=' in x for x in first), '\n'.join(first))
        h = whole(s, lambda url: g.sign_in('mika', url))
        t.equal('and again', me(s, session(h)).get('user'), 'mika')
        t.check('bound once', sum(x.startswith('bound ') for x in audit(s)) == 1)
        h = whole(s, lambda url: g.sign_in('ren', url))
        t.check('who has no account is not let in', why(h) == 'unknown' and not session(h), h)
        s.access('user', 'disable', 'mika')
        t.equal('nor whose account is disabled', why(whole(s, lambda url: g.sign_in('mika', url))), 'disabled')
    with site(g.issuer, g.secret, ', make-users: yes, new-org: jp, new-role: viewer') as s:
        w = me(s, session(whole(s, lambda url: g.sign_in('ren', url))))
        t.equal('where accounts are made, one is', [w.get(k) for k in ('user', 'name', 'org', 'role')], ['ren', 'Ren of there', 'jp', 'viewer'])
t.done()
