#!/usr/bin/env python3
"""The API as a client sees it: every endpoint in every form, the description against what is there, rude requests, a crowd
of listeners. The portal with made records, on loopback."""
import csv
import gzip
import http.client
import io
import json
import os
import pathlib
import re
import socket
import subprocess
import time

from tap import ROOT, Tap, skip

SERVER = os.environ.get('PAGE_SERVER', str(ROOT / 'build/tests/page_server'))
if not pathlib.Path(SERVER).is_file():
    skip('page_server is not built')
server = subprocess.Popen([SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
port = int(server.stdout.readline().split()[1])
OURS = '198.51.100.'


def say(words):
    server.stdin.write(words + '\n')
    server.stdin.flush()
    server.stdout.readline()


def get(path, **headers):
    c = http.client.HTTPConnection('127.0.0.1', port, timeout=20)
    c.request('GET', path, headers=headers)
    r = c.getresponse()
    body = r.read()
    c.close()
    if r.getheader('Content-Encoding') == 'gzip':
        body = gzip.decompress(body)
    return r.status, r.headers, body.decode()


def raw(data, wait=3):
    s = socket.create_connection(('127.0.0.1', port), timeout=wait)
    try:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        out = b''
        while chunk := s.recv(65536):
            out += chunk
        return out
    except OSError:
        return b''
    finally:
        s.close()


t = Tap()
try:
    say('minutes 90')
    say('alert a-1 open high surge-port port:1433/tcp')

    status, head, body = get('/api/v1/openapi.json')
    api = json.loads(body)
    t.equal('the description is OpenAPI 3.1', api['openapi'], '3.1.0')
    ids = [op['operationId'] for path in api['paths'].values() for op in path.values()]
    t.equal('every operation has a name of its own', len(ids), len(set(ids)))
    refs = set(re.findall(r'"\$ref":"#/components/schemas/(\w+)"', body))
    t.equal('every reference leads somewhere', refs - set(api['components']['schemas']), set())
    for path, ops in api['paths'].items():
        for op in ops.values():
            names = {p['name'] for p in op['parameters'] if p['in'] == 'path'}
            t.equal(f'{op["operationId"]}: its blanks are described', set(re.findall(r'\{(\w+)\}', path)), names)

    say('alert a-2 open high drdos drdos:203.0.113.9:dns')
    full = {'/alerts/{id}': '/alerts/a-1', '/host/{address}': '/host/203.0.113.7', '/attacks/{id}': '/attacks/a-2', '/about/{what}': '/about/a-1', '/alerts/{id}/decisions': '/alerts/a-1/decisions'}
    for path, ops in api['paths'].items():
        if path == '/events' or 'get' not in ops:
            continue
        kinds = ops['get']['responses'].get('200', {}).get('content', {})  # a step of a browser's way has none
        for kind in kinds:
            form = {'application/x-ndjson': 'ndjson', 'text/csv': 'csv'}.get(kind, '')
            what = '/api/v1' + full.get(path, path) + (f'?format={form}' if form else '')
            status, head, body = get(what)
            if (status == 404 and '"no_accounts"' in body) or (status == 403 and '"role"' in body):
                continue  # of accounts: who sits at the box is an operator; what admins get is tried in portal_security
            ok = status == 200 and OURS not in body and head['X-Content-Type-Options'] == 'nosniff'
            try:
                if form == 'ndjson':
                    rows = [json.loads(x) for x in body.splitlines()]
                elif form == 'csv':
                    rows = list(csv.reader(io.StringIO(body)))
                    ok = ok and len({len(r) for r in rows}) <= 1 and 'dst' not in (rows or [[]])[0]
                elif kind == 'application/json':
                    json.loads(body)
            except ValueError as e:
                ok = False
                body = f'{e}: {body}'
            t.check(f'{what} answers as described', ok, f'{status} {body[:500]}')

    status, head, body = get('/api/v1/flows?q=port%3D1433/tcp+country%3DMM&limit=5')
    rows = json.loads(body)['rows']
    t.check('one query language: port and country', 0 < len(rows) <= 5 and all(r['dport'] == 1433 and r['country'] == 'MM' for r in rows), body[:500])
    status, head, body = get('/api/v1/flows?q=src=203.0.113.0/24&limit=10000', **{'Accept-Encoding': 'gzip'})
    t.check('long answers are packed when the client can', head['Content-Encoding'] == 'gzip' and len(body) > 1000, dict(head))
    status, again, _ = get('/api/v1/alerts/a-1', **{'If-None-Match': get('/api/v1/alerts/a-1')[1]['ETag']})
    t.equal('the entity tag saves a body', status, 304)
    status, head, body = get('/api/v1/metrics')
    lines = [x for x in body.splitlines() if x and not x.startswith('#')]
    t.check('metrics are lines of name and number', lines and all(re.fullmatch(r'practice_[a-z0-9_]+(\{[a-z]+="[^"]*"\})? \d+', x) for x in lines), body[:800])
    helps = re.findall(r'# HELP (\S+) (\S.*)', body)
    t.check('each with a sentence', len(helps) == len(set(n for n, _ in helps)) and len(helps) > 15)

    # What nobody should send, and some do.
    rude = {'nothing': b'', 'spaces': b' ' * 5000, 'zeros': bytes(3000), 'half a line': b'GET /api/v1/sta', 'no version': b'GET /\r\n\r\n',
            'a long target': b'GET /' + b'a' * 20000 + b' HTTP/1.1\r\nHost: localhost\r\n\r\n',
            'a long header': b'GET / HTTP/1.1\r\nHost: localhost\r\nX: ' + b'a' * 60000 + b'\r\n\r\n',
            'many headers': b'GET / HTTP/1.1\r\nHost: localhost\r\n' + b''.join(b'X%d: y\r\n' % i for i in range(5000)) + b'\r\n',
            'many parameters': b'GET /api/v1/flows?' + b'&'.join(b'q=a' for _ in range(500)) + b' HTTP/1.1\r\nHost: localhost\r\n\r\n',
            'two lengths': b'POST /api/v1/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\nabcd',
            'length and chunks': b'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n',
            'a bad chunk': b'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n',
            'a folded header': b'GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n', 'CONNECT': b'CONNECT example.org:443 HTTP/1.1\r\nHost: localhost\r\n\r\n'}
    for name, data in rude.items():
        out = raw(data)
        inside = [x for x in (b'/home', b'src/portal', b'.c:', b'SELECT', b'sqlite') if x in out]
        t.check(f'rude: {name}', not inside and get('/api/v1/status')[0] == 200, out[:300])

    # A crowd: all get the same event, and the portal stays quick.
    crowd = []
    for _ in range(60):
        s = socket.create_connection(('127.0.0.1', port), timeout=10)
        s.sendall(b'GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
        crowd.append(s)
    for s in crowd:
        s.recv(4096)
    began = time.monotonic()
    say('alert a-9 open low surge-country country:VN')
    heard = 0
    for s in crowd:
        got = b''
        while b'"id":"a-9"' not in got and (chunk := s.recv(65536)):
            got += chunk
        heard += b'"id":"a-9"' in got
    took = time.monotonic() - began
    print(f'# 60 listeners heard it in {took * 1000:.0f} ms')
    t.check('sixty listeners hear of an alert within 2 s', heard == 60 and took < 2, f'{heard} in {took} s')
    t.equal('and the portal answers beside them', get('/api/v1/status')[0], 200)
    for s in crowd:
        s.close()
    t.equal('and after them', get('/api/v1/status')[0], 200)
finally:
    server.stdin.close()
    status = server.wait(20)
t.equal('it ends cleanly', status, 0)
t.done()
