#!/usr/bin/env python3
"""Made the files beside it, once: tokens signed by openssl, whose private keys nobody has any more.
Usage: PYTHONPATH=tests/lib tests/golden/oidc/make.py FOLDER

tokens.txt: one a line: what comes of it (ok, denied, unknown), a name, the token; for client "practice" of
https://id.example/realm, nonce "n-1", on 2026-01-01T00:00:00Z. keys.json: two RSA keys and an EC one; one.json: the
first alone."""
import hmac
import json
import pathlib
import sys

from idp import Key, b64, openssl

NOW = 1767225600
to = pathlib.Path(sys.argv[1])
a, b, e, other = Key('a'), Key('b'), Key('e', 'EC'), Key('a')
weak = Key('weak', bits=1024)
(to / 'keys.json').write_text(json.dumps({'keys': [a.jwk(), b.jwk(), e.jwk(), weak.jwk(), {'kty': 'oct', 'kid': 'hs', 'k': b64(b'secret')}, {**a.jwk(), 'kid': 'enc', 'use': 'enc'},
                                                   {**a.jwk(), 'kid': 'ps', 'alg': 'PS256'}, {**a.jwk(), 'kid': 'twice'}, {**b.jwk(), 'kid': 'twice'}]}, indent=1) + '\n')
(to / 'one.json').write_text(json.dumps({'keys': [a.jwk()]}) + '\n')
pem = openssl('pkey', '-in', a.file.name, '-pubout')
CLAIMS = {'iss': 'https://id.example/realm', 'sub': 'u-1', 'aud': 'practice', 'exp': NOW + 300, 'iat': NOW, 'nonce': 'n-1'}
made = []


def add(wanted, name, token):
    made.append(f'{wanted} {name} {token}')


def claim(wanted, name, **kw):
    add(wanted, name, a.token({k: v for k, v in {**CLAIMS, **kw}.items() if v is not None}))


def hs(kid, key, alg='HS256'):
    d = b64(json.dumps({'alg': alg, 'kid': kid}).encode()) + '.' + b64(json.dumps(CLAIMS).encode())
    return d + '.' + b64(hmac.digest(key, d.encode(), 'sha256'))


add('ok', 'rs256', a.token(CLAIMS))
add('ok', 'second-key', b.token(CLAIMS))
add('ok', 'ps256', a.token(CLAIMS, 'PS256'))
add('ok', 'es256', e.token(CLAIMS))
add('ok', 'es256-the-only-ec-key', e.token(CLAIMS, head={'kid': None}))
add('ok', 'ps256-key-says-so', a.token(CLAIMS, 'PS256', {'kid': 'ps'}))
add('unknown', 'rs256-key-says-ps256', a.token(CLAIMS, 'RS256', {'kid': 'ps'}))
add('unknown', 'no-kid-two-keys', a.token(CLAIMS, head={'kid': None}))
add('unknown', 'kid-twice', a.token(CLAIMS, head={'kid': 'twice'}))
add('unknown', 'kid-of-nobody', a.token(CLAIMS, head={'kid': 'zz'}))
add('unknown', 'kid-for-encryption', a.token(CLAIMS, head={'kid': 'enc'}))
add('unknown', 'weak-key', weak.token(CLAIMS))
add('unknown', 'kid-of-an-ec-key', a.token(CLAIMS, head={'kid': 'e'}))
add('denied', 'kid-a-number', a.token(CLAIMS, head={'kid': 1}))
add('denied', 'another-key', other.token(CLAIMS))
add('denied', 'alg-none', b64(b'{"alg":"none"}') + '.' + b64(json.dumps(CLAIMS).encode()) + '.')
add('denied', 'alg-none-with-kid', b64(b'{"alg":"none","kid":"a"}') + '.' + b64(json.dumps(CLAIMS).encode()) + '.')
add('denied', 'alg-NONE', b64(b'{"alg":"NONE","kid":"a"}') + '.' + b64(json.dumps(CLAIMS).encode()) + '.')
add('denied', 'no-alg', a.token(CLAIMS, head={'alg': None}))
add('denied', 'hs256-public-key', hs('a', pem))
add('denied', 'hs256-key-of-the-list', hs('hs', b'secret'))
add('denied', 'rs512', a.token(CLAIMS, head={'alg': 'RS512'}))
add('denied', 'crit', a.token(CLAIMS, head={'crit': ['exp']}))
add('denied', 'own-jwk', other.token(CLAIMS, head={'jwk': other.jwk()}))
head, body, sig = a.token(CLAIMS).split('.')
add('denied', 'cut', f'{head}.{body}.{sig[:-4]}')
add('denied', 'no-signature', f'{head}.{body}.')
add('denied', 'four-parts', f'{head}.{body}.{sig}.')
add('denied', 'other-body', f'{head}.{b64(json.dumps({**CLAIMS, "sub": "u-2"}).encode())}.{sig}')
add('denied', 'no-json', '.'.join((head, b64(b'{'), b64(a.sign('RS256', (head + '.' + b64(b'{')).encode())))))
twice = b64((json.dumps(CLAIMS)[:-1] + ',"sub":"u-2"}').encode())
add('denied', 'a-claim-twice', '.'.join((head, twice, b64(a.sign('RS256', (head + '.' + twice).encode())))))
claim('ok', 'aud-list-of-one', aud=['practice'])
claim('ok', 'aud-list-and-azp', aud=['other', 'practice'], azp='practice')
claim('denied', 'aud-list-no-azp', aud=['other', 'practice'])
claim('denied', 'aud-other', aud='other')
claim('denied', 'aud-beginning', aud='practice2')
claim('denied', 'aud-none', aud=None)
claim('denied', 'aud-number', aud=7)
claim('denied', 'aud-list-with-a-number', aud=['practice', 7], azp='practice')
claim('denied', 'azp-other', azp='other')
claim('denied', 'azp-number', azp=7)
claim('ok', 'exp-within-leeway', exp=NOW - 59)
claim('denied', 'exp-past', exp=NOW - 60)
claim('denied', 'exp-text', exp=str(NOW + 300))
claim('denied', 'exp-none', exp=None)
claim('denied', 'exp-beyond-numbers', exp=1e300)
claim('ok', 'iat-a-little-ahead', iat=NOW + 60)
claim('denied', 'iat-ahead', iat=NOW + 61)
claim('denied', 'iat-none', iat=None)
claim('ok', 'iat-ten-minutes', iat=NOW - 600)
claim('denied', 'iat-old', iat=NOW - 661)
claim('denied', 'nbf-ahead', nbf=NOW + 61)
claim('denied', 'nonce-other', nonce='n-2')
claim('denied', 'nonce-none', nonce=None)
claim('denied', 'iss-other', iss='https://id.example/realm/')
claim('denied', 'iss-none', iss=None)
claim('denied', 'sub-none', sub=None)
claim('denied', 'sub-empty', sub='')
claim('denied', 'sub-long', sub='x' * 256)
claim('ok', 'sub-as-long-as-may-be', sub='x' * 255)
claim('denied', 'sub-not-ascii', sub='ü')
claim('denied', 'sub-control', sub='a\x7f')
claim('denied', 'huge', more='x' * 17000)
(to / 'tokens.txt').write_text('\n'.join(made) + '\n')
