#!/usr/bin/env python3
"""The description of the API held against the running portal: it is a sound OpenAPI 3.1 document; for every operation
made requests, good and bad, are answered as it says, and never with an error of the portal's own."""
import csv
import io
import http.client
import json
import os
import pathlib
import re
import subprocess
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from tap import ROOT, Tap, skip

SERVER = os.environ.get('PAGE_SERVER', str(ROOT / 'build/tests/page_server'))
if not pathlib.Path(SERVER).is_file():
    skip('page_server is not built')
server = subprocess.Popen([SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
port = int(server.stdout.readline().split()[1])


def say(words):
    server.stdin.write(words + '\n')
    server.stdin.flush()
    server.stdout.readline()


def ask(method, path, body=None, **headers):
    c = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
    if body is not None:
        headers |= {'X-Practice': '1', 'Content-Type': 'application/json'}
    c.request(method, '/api/v1' + path, body, headers)
    r = c.getresponse()
    data = r.read().decode()
    c.close()
    return r.status, r.headers, data


TYPES = {'string': str, 'boolean': bool, 'object': dict, 'array': list, 'null': type(None)}


def is_type(v, name):
    if name == 'integer':
        return isinstance(v, int) and not isinstance(v, bool)
    if name == 'number':
        return isinstance(v, (int, float)) and not isinstance(v, bool)
    return isinstance(v, TYPES[name])


def wrong(v, schema, at='$'):
    """Why v does not fit; '' when it does. What of JSON Schema the document uses; a word beyond is an error."""
    known = {'$schema', '$ref', 'title', 'description', 'type', 'properties', 'additionalProperties', 'items', 'enum', 'pattern', 'minimum', 'format', 'anyOf'}
    if set(schema) - known:
        return f'{at}: the schema says {set(schema) - known}'
    if '$ref' in schema:
        return wrong(v, api['components']['schemas'][schema['$ref'].rsplit('/', 1)[1]], at)
    if 'anyOf' in schema:
        found = [wrong(v, s, at) for s in schema['anyOf']]
        return '' if '' in found else found[0]
    types = schema.get('type', [])
    if types and not any(is_type(v, t) for t in ([types] if isinstance(types, str) else types)):
        return f'{at}: {v!r} is no {types}'
    if 'enum' in schema and v not in schema['enum'] or 'pattern' in schema and not re.search(schema['pattern'], v) or v is not None and 'minimum' in schema and v < schema['minimum']:
        return f'{at}: {v!r} is none of {schema}'
    if schema.get('format') == 'date-time' and v is not None and not re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z', v):
        return f'{at}: {v!r} is no time'
    if isinstance(v, list) and 'items' in schema:
        return next((w for i, x in enumerate(v) if (w := wrong(x, schema['items'], f'{at}[{i}]'))), '')
    if isinstance(v, dict):
        rest = schema.get('additionalProperties', True)
        for k, x in v.items():
            s = schema.get('properties', {}).get(k, rest)
            if s is False:
                return f'{at}: {k} is not described'
            if s is not True and (w := wrong(x, s, f'{at}.{k}')):
                return w
    return ''


def sound(doc):
    """What OpenAPI 3.1 asks of a document, as far as ours uses it."""
    bad = [f'{k} is missing' for k in ('openapi', 'info', 'paths') if k not in doc]
    bad += [f'info.{k}' for k in ('title', 'version') if not isinstance(doc['info'].get(k), str)]
    for path, item in doc['paths'].items():
        if not path.startswith('/') or not set(item) <= {'get', 'post'}:
            bad.append(f'{path}: {set(item)}')
        for op in item.values():
            keys = [(p['name'], p['in']) for p in op['parameters']]
            if len(keys) != len(set(keys)):
                bad.append(f'{path}: a parameter twice')
            bad += [f'{path}: {p}' for p in op['parameters'] if not {'name', 'in', 'schema'} <= set(p) or p['in'] not in ('path', 'query') or p['in'] == 'path' and p.get('required') is not True]
            bad += [f'{path}: answer {s}' for s, a in op['responses'].items() if not re.fullmatch(r'[1-5](\d\d|XX)', s) or not a.get('description') or not all('schema' in m for m in a['content'].values())]
            if 'requestBody' in op and 'application/json' not in op['requestBody']['content']:
                bad.append(f'{path}: body')
    return bad


GOOD = {'from': '2013-08-07T00:00:00Z', 'to': '2013-08-07T03:00:00Z', 'q': 'port=23/tcp', 'sensor': 'tokyo', 'src': '203.0.113.0/24', 'victim': '203.0.113.9', 'port': '1433/tcp',
        'country': 'CN', 'asn': '4134', 'marks': 'mirai', 'id': 'a-1', 'key': 'port:1433/tcp', 'state': 'open', 'limit': '5', 'step': '1h', 'minutes': '10', 'since': '2013-08-07',
        'vector': 'dns', 'home': 'JP', 'recent': '2h', 'before': '10', 'last': '1'}
WORDS = {'alert': ['a-1', 'a-2'], 'alert_decisions': ['a-1'], 'decide': ['a-1'], 'attack': ['a-2'], 'about': ['a-1', 'port:1433/tcp', '203.0.113.7', '203.0.113.0/24', '23/tcp'], 'host': ['203.0.113.7']}
BAD = ['', "'", '"><x', '-1', '99999999999999999999', 'ÿ', '%00', 'a' * 3000]
BODIES = ['', '[]', '{', 'null', '{"act":1}', '{"act":"ack","text":[]}', '{"act":"comment","text":"' + 'x' * 2500 + '"}', '{"act":"ack"}' * 2, '"act"', '{"user":"' + 'x' * 9000 + '"}']

t = Tap()
try:
    say('minutes 20')
    say('alert a-1 open high surge-port port:1433/tcp')
    say('alert a-2 open high drdos drdos:203.0.113.9:dns')
    api = json.loads(ask('GET', '/openapi.json')[2])
    t.equal('the document is sound', sound(api), [])
    described = {op['operationId']: op for item in api['paths'].values() for op in item.values()}

    def held(op, status, head, body, what):
        """The answer is one of those described."""
        kind = (head['Content-Type'] or '').split(';')[0]
        answer = op['responses'].get(str(status)) or op['responses'].get(f'{status // 100}XX')
        if status >= 500 or not answer:
            return f'{what}: {status} {body[:200]}'
        content = {k.split(';')[0]: v for k, v in answer['content'].items()}
        if kind not in content:
            return f'{what}: {status} {kind}'
        lines = [body] if kind == 'application/json' else body.splitlines() if kind == 'application/x-ndjson' else []
        try:
            found = next((w for x in lines if (w := wrong(json.loads(x), content[kind]['schema']))), '')
        except ValueError as e:
            found = str(e)
        return found and f'{what}: {found}'

    def good(path, op):
        forms = [{}] + [{'format': f} for p in op['parameters'] if p['name'] == 'format' for f in p['schema']['enum']]
        forms += [{p['name']: v} for p in op['parameters'] if p['in'] == 'query' for v in p['schema'].get('enum', [GOOD.get(p['name'])]) if v]
        forms += [{k: GOOD[k] for k in ('from', 'to') if k in {p['name'] for p in op['parameters']}}]
        for word in WORDS.get(op['operationId'], ['x']):
            for f in forms:
                yield re.sub(r'\{\w+\}', urllib.parse.quote(word, safe=''), path) + ('?' + urllib.parse.urlencode(f) if f else '')

    def bad(path, op):
        plain = re.sub(r'\{\w+\}', 'a-1', path)
        for v in BAD:
            v = urllib.parse.quote(v, safe='')
            yield f'{plain}?unheard={v}'
            yield from (f'{plain}?{p["name"]}={v}' for p in op['parameters'] if p['in'] == 'query')
            if '{' in path:
                yield re.sub(r'\{\w+\}', v, path)

    crowd = ThreadPoolExecutor(16)

    def all_of(requests):
        return list(crowd.map(lambda q: (q[1], *ask(*q)), requests))

    n = 0
    for path, item in api['paths'].items():
        for method, op in item.items():
            if op['operationId'] == 'events':
                continue
            body = '{"act":"ack"}' if op['operationId'] == 'decide' else '{}' if method == 'post' else None
            said = all_of((method.upper(), w, body) for w in good(path, op))
            n += len(said)
            t.equal(f'{op["operationId"]}: good requests are answered as described', [x for w, *a in said if (x := held(op, *a, w))], [])
            refused = [(w, a[0]) for w, *a in said if a[0] >= 400 and 'what=host' not in w]  # that one needs an address
            if method == 'get' and op.get('x-role') != 'admin' and not any('"no_accounts"' in a[2] for _, *a in said):
                t.equal(f'{op["operationId"]}: and none is refused', [x for x in refused if 'state=' not in x[0] and 'cursor=' not in x[0]], [])
            for _, status, head, text in [x for x in said if x[1] == 200 and 'format=csv' in x[0]]:
                t.check(f'{op["operationId"]}: CSV has as many cells in every line', len({len(r) for r in csv.reader(io.StringIO(text))}) <= 1, text[:200])
            said = all_of((method.upper(), w, body) for w in bad(path, op))
            said += all_of(('POST', re.sub(r'\{\w+\}', 'a-1', path), b) for b in BODIES if method == 'post')
            n += len(said)
            t.equal(f'{op["operationId"]}: bad requests are answered as described', [x for w, *a in said if (x := held(op, *a, w))][:5], [])
            if method == 'get' and path not in ('/metrics', '/status', '/system'):
                w = next(good(path, op))
                status, head, _ = ask('GET', w)
                if status == 200:
                    t.equal(f'{op["operationId"]}: the entity tag saves the body', ask('GET', w, **{'If-None-Match': head['ETag']})[0], 304)
    print(f'# {n} requests')
    t.check('every operation was asked for', n > 500, n)

    seen, path = [], '/findings?limit=1'
    say('alert a-3 open low surge-port port:23/tcp')
    for _ in range(5):
        answer = json.loads(ask('GET', path)[2])
        seen += [r['id'] for r in answer['rows']]
        if 'next' not in answer:
            break
        path = '/findings?limit=1&cursor=' + answer['next']
    t.equal('pages give each record once, of one moment too', sorted(seen), ['a-1', 'a-2', 'a-3'])
finally:
    server.stdin.close()
    status = server.wait(20)
t.equal('the portal ends cleanly', status, 0)
t.done()
