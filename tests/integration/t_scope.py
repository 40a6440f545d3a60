#!/usr/bin/env python3
"""No byte outside a reader's scope: random organisations, users and data, every endpoint that the
API's own description names, asked and changed, as each role, with made parameters and in all forms,
and the live stream. What was sent is searched for every planted address that the reader may not see,
in every textual form."""
import http.client
import ipaddress
import json
import os
import random
import re
import socket
import subprocess
import threading
import time
import urllib.parse

from tap import Tap

MARK = 'decided by number '
SEED, READERS, VARIATIONS, ROUNDS = 11, 7, 2, 2
ROLES = ('viewer', 'analyst', 'operator', 'admin')
NOT_ASKED = {'/events'}
# What administrators are shown there is of all organisations: their scopes, and what their people asked for.
OF_ALL = {'/users', '/orgs', '/audit'}


class Planted:
    def __init__(self, ip, country, asn):
        self.ip, self.country, self.asn = ipaddress.ip_address(ip), country, int(asn)

    def inside(self, words):
        for w in words.split():
            if w == '*' or w == self.country or (re.fullmatch(r'AS\d+', w) and int(w[2:]) == self.asn and self.asn):
                return True
            if '.' in w or ':' in w:
                net = ipaddress.ip_network(w)
                if net.version == self.ip.version and self.ip in net:
                    return True
        return False

    def forms(self):
        """(text, letters that would make it part of another one)"""
        ip, hexa = self.ip, '0-9a-fA-F'
        if ip.version == 6:
            for t in {str(ip), str(ip).upper(), ip.exploded, ip.exploded.upper()}:
                yield t, hexa + ':'
            yield ip.reverse_pointer, hexa
            return
        q = ip.packed
        yield str(ip), '0-9'
        yield '.'.join('%03d' % b for b in q), '0-9'
        yield '-'.join(map(str, q)), '0-9'
        yield ip.reverse_pointer, '0-9'
        for t in ('%x:%x' % (q[0] << 8 | q[1], q[2] << 8 | q[3]), '%02x%02x:%02x%02x' % tuple(q)):
            yield '::ffff:' + t, hexa
            yield '::FFFF:' + t.upper(), hexa


class Reader:
    def __init__(self, key, role, words, planted, own):
        self.key, self.role, self.words = key, role, words
        self.outside = [p for p in planted if not p.inside(words)]
        self.forms = {own: own} | {t: f'(?<![{n}]){re.escape(t)}(?![{n}])' for p in self.outside for t, n in p.forms()}
        self.stream = b''
        self.asked = self.answered = self.refused = self.bytes = self.changed = self.kept = 0
        self.found, self.errors = [], []

    def search(self, text, said, where):
        """said: what the reader typed may be repeated."""
        self.bytes += len(text)
        for form, pattern in self.forms.items():
            m = form in text and form not in said and re.search(pattern, text)
            if m:
                self.found.append(f'{self.words}: {where}: ...{text[max(0, m.start() - 60):m.end() + 20]}')


class Server:
    def __init__(self):
        self.p = subprocess.Popen([os.environ['SCOPE_SERVER'], str(SEED), str(READERS)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        readers, self.planted = [], []
        for line in self.p.stdout:
            what, _, rest = line.strip().partition(' ')
            if what == 'reader':
                readers.append(rest.split(' ', 2))
            elif what == 'planted':
                self.planted.append(Planted(*rest.split()))
            elif what == 'own':
                self.own = rest
            elif what == 'port':
                self.port = int(rest)
                break
        self.readers = [Reader(k, r, w, self.planted, self.own) for k, r, w in readers]

    def more(self, n):
        self.p.stdin.write(f'more {n}\n')
        self.p.stdin.flush()
        return self.p.stdout.readline() == 'said\n'

    def close(self):
        self.p.stdin.close()
        try:
            return self.p.wait(20)
        except subprocess.TimeoutExpired:
            self.p.kill()
            return None


def get(server, reader, path, conn):
    conn.request('GET', path, headers={'Authorization': 'Bearer ' + reader.key, 'Host': 'localhost'})
    r = conn.getresponse()
    return r.status, r.read().decode('utf-8', 'replace') + ''.join(f'{k}: {v}\n' for k, v in r.getheaders())


def listen(server, reader, stop):
    s = socket.create_connection(('127.0.0.1', server.port))
    s.sendall(f'GET /api/v1/events?last=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {reader.key}\r\n\r\n'.encode())
    s.settimeout(0.2)
    while not stop.is_set():
        try:
            b = s.recv(65536)
            if not b:
                break
            reader.stream += b
        except socket.timeout:
            continue
    s.close()


def text_of(r, planted):
    ip = str(r.choice(planted).ip)
    return r.choice([ip, ip, f'victim:{ip}/tcp', f'source:{ip}', f'drdos:{ip}:dns', 'port:23/tcp', 'r1', 'r3', 'country:JP'])


def prefix_of(r, planted):
    p = r.choice(planted).ip
    bits = r.choice([32, 32, 31, 24, 16, 8] if p.version == 4 else [128, 128, 126, 64, 32, 16])
    return str(ipaddress.ip_network((p, bits), strict=False))


def value(r, name, schema, planted, seen):
    if 'enum' in schema:
        return r.choice(schema['enum'])
    made = {'from': lambda: '2013-08-07', 'to': lambda: r.choice(['2013-08-08', '2013-08-07T01:00:00Z']),
            'src': lambda: ','.join(prefix_of(r, planted) for _ in range(r.choice([1, 1, 2]))),
            'victim': lambda: prefix_of(r, planted), 'sensor': lambda: 'tokyo', 'home': lambda: 'tokyo',
            'port': lambda: r.choice(['23/tcp', '53']), 'country': lambda: r.choice(['JP', 'US', 'MM']),
            'asn': lambda: r.choice(['64501', '64503']), 'marks': lambda: 'backscatter', 'step': lambda: r.choice(['1m', '1h', '1d']),
            'id': lambda: r.choice(seen + ['r1', 'r3']), 'key': lambda: text_of(r, planted), 'what': lambda: text_of(r, planted),
            'address': lambda: str(r.choice(planted).ip), 'state': lambda: 'open', 'since': lambda: '2013-08-07',
            'q': lambda: r.choice(['', 'dst=198.18.7.1', 'src=' + prefix_of(r, planted), 'key=' + text_of(r, planted),
                                   'by=src,port', 'proto=tcp', 'order=oldest'])}
    if name in made:
        return made[name]()
    return str(r.choice([1, 5, 50, 1000])) if schema.get('type') == 'integer' else 'x'


def questions(r, api, planted, seen):
    """Every GET of the description, VARIATIONS times, and each form of it once."""
    for path, ops in api['paths'].items():
        if 'get' not in ops or path in NOT_ASKED:
            continue
        who = ops['get'].get('x-role', 'viewer')
        params = {p['name']: p for p in ops['get'].get('parameters', [])}
        forms = params.get('format', {}).get('schema', {}).get('enum', [None])
        for i in range(VARIATIONS + len(forms)):
            q, where = {}, path
            for name, p in params.items():
                v = value(r, name, p['schema'], planted, seen)
                if p['in'] == 'path':
                    where = where.replace('{' + name + '}', urllib.parse.quote(v, safe=''))
                elif name == 'format':
                    if forms[i % len(forms)]:
                        q[name] = forms[i % len(forms)]
                elif name != 'cursor' and i >= len(forms) and r.random() < 0.25:
                    q[name] = v
                elif name in ('by', 'what') and r.random() < 0.7:
                    q[name] = v
            yield '/api/v1' + where + ('?' + urllib.parse.urlencode(q) if q else ''), who


def bodies(r, path, planted, n):
    """What is sent there, in words of its own and with addresses of anybody's."""
    made = f'{MARK}{n} {text_of(r, planted)}'
    return {'/alerts/{id}/decisions': [{'act': a, 'text': made[:60]} for a in ('comment', 'ack', 'label')],
            '/users': [{'user': f'made{n}', 'name': made, 'org': 'org1', 'role': 'viewer'}, {'user': 'user1', 'org': 'none'}],
            '/orgs': [{'name': f'made{n}', 'title': made, 'scope': prefix_of(r, planted)}, {'name': 'org1', 'title': made}],
            '/session': [{'user': text_of(r, planted), 'password': made}]}.get(path, [{}])


def change_all(server, reader, conn, api, r, n):
    """Every POST of the description. A key changes no account."""
    text = get(server, reader, '/api/v1/alerts?limit=200', conn)[1]
    seen = [x for x in re.findall(r'"id":"([^"/\\\\]+)","key"', text) if '[outside]' not in x] or ['none']
    for path, ops in api['paths'].items():
        if 'post' not in ops:
            continue
        need, rank = ops['post'].get('x-role'), ROLES.index(reader.role)
        for body in bodies(r, path, server.planted, n):
            where = path.replace('{id}', urllib.parse.quote(r.choice(seen) if 'alerts' in path else '999999', safe=''))
            sent = json.dumps(body)
            conn.request('POST', '/api/v1' + where, sent, {'Authorization': 'Bearer ' + reader.key, 'Host': 'localhost', 'X-Practice': '1',
                                                           'Content-Type': 'application/json'})
            a = conn.getresponse()
            text = a.read().decode('utf-8', 'replace') + ''.join(f'{k}: {v}\n' for k, v in a.getheaders())
            reader.asked += 1
            reader.changed += a.status == 200
            reader.search(text, where + sent, 'POST ' + where)
            if (need in ROLES and rank < ROLES.index(need)) != (a.status == 403 and '"role"' in text):
                reader.errors.append(f'{reader.role}: {a.status} POST {where}: {text[:200]}')
            if a.status >= 500:
                reader.errors.append(f'{a.status} POST {where}: {text[:200]}')


def of_others(server, reader, conn, own):
    """Decisions of another organisation about what concerns nobody: none may be here."""
    status, text = get(server, reader, '/api/v1/decisions?limit=10000', conn)
    rows = json.loads(text[:text.rindex('}') + 1])['rows'] if status == 200 else []
    mine = [d for d in rows if d['text'].startswith(f'{MARK}{own} ')]
    reader.kept += len(mine)
    if reader.words != '*':
        reader.found += [f"{reader.words}: a decision of {d['org']} about {d['key']}" for d in rows
                         if d['text'].startswith(MARK) and d not in mine and re.match('(abroad:)?(port|sensor):', d['key'])]


def names_hosts(reader, path):
    """A part of an answer that takes an analyst, whatever its route."""
    return reader.role == 'viewer' and ('src' in path or 'victim' in path or '/about/' in path)


def ask_all(server, reader, seed):
    r = random.Random(seed)
    conn = http.client.HTTPConnection('127.0.0.1', server.port, timeout=30)
    try:
        api = json.loads(get(server, reader, '/api/v1/openapi.json', conn)[1].rpartition('}')[0] + '}')
        seen = []
        for path, need in questions(r, api, server.planted, seen):
            of_all = path.split('?')[0].removeprefix('/api/v1') in OF_ALL
            while path:
                status, text = get(server, reader, path, conn)
                allowed = need not in ROLES or ROLES.index(reader.role) >= ROLES.index(need)
                if allowed == (status == 403 and '"code":"role"' in text) and not (allowed and names_hosts(reader, path)):
                    reader.errors.append(f'{reader.role}: {status} {path}: {text[:200]}')
                reader.asked += 1
                reader.answered += status == 200
                reader.refused += status == 403
                if not (of_all and allowed):
                    reader.search(text, urllib.parse.unquote_plus(path), path)
                if status >= 500:
                    reader.errors.append(f'{status} {path}: {text[:200]}')
                seen += re.findall(r'"id":"([^"]{1,40})"', text)[:3]
                more = re.search(r'"next":"([0-9a-f]+)"', text)
                path = path.split('&cursor=')[0] + ('&' if '?' in path else '?') + 'cursor=' + more[1] \
                    if more and r.random() < 0.5 else None
        number = server.readers.index(reader)
        for _ in range(4):
            change_all(server, reader, conn, api, r, number)
        of_others(server, reader, conn, number)
    except Exception as e:  # a thread's trouble must be seen
        reader.errors.append(repr(e))
    finally:
        conn.close()


def main():
    t = Tap()
    server = Server()
    stop = threading.Event()
    try:
        listeners = [threading.Thread(target=listen, args=(server, r, stop)) for r in server.readers]
        for x in listeners:
            x.start()
        for n in range(ROUNDS):
            t.check(f'more is said live, round {n + 1}', server.more(15))
            askers = [threading.Thread(target=ask_all, args=(server, r, SEED + 100 * n + i))
                      for i, r in enumerate(server.readers)]
            for x in askers:
                x.start()
            for x in askers:
                x.join()
            if os.environ.get('SCOPE_TIMES'):
                print('#', time.monotonic(), sum(r.asked for r in server.readers), flush=True)
        time.sleep(0.5)
        stop.set()
        for x in listeners:
            x.join()
        all_ = server.readers
        for r in all_:
            r.search(r.stream.decode('utf-8', 'replace'), '', 'events')
        asked, size = sum(r.asked for r in all_), sum(r.bytes for r in all_)
        print(f'# {len(all_)} readers, {asked} requests, {sum(r.answered for r in all_)} answered, '
              f'{sum(r.refused for r in all_)} refused, {size} bytes searched')
        t.check('many questions were asked, many answered and many refused',
                asked > 800 and sum(r.answered for r in all_) > asked / 4 and sum(r.refused for r in all_) > 50)
        t.check('much was changed, and decided', sum(r.changed for r in all_) > 20 and sum(r.kept for r in all_) > 5,
                [(r.role, r.changed, r.kept) for r in all_])
        t.check('every reader heard the stream', all(b'event: ' in r.stream for r in all_),
                [(r.words, r.stream[-200:]) for r in all_ if b'event: ' not in r.stream])
        t.check('alerts were on it for most', sum(b'event: alert' in r.stream for r in all_) > len(all_) / 2)
        t.check('no address outside the scope in any byte', not any(r.found for r in all_),
                '\n'.join(sum((r.found[:3] for r in all_), [])))
        t.check('no answer of 500 or more', not any(r.errors for r in all_), '\n'.join(sum((r.errors[:3] for r in all_), [])))
        # The search itself finds what the reader of the whole world was sent.
        world = next(r for r in all_ if r.words == '*')
        narrow = min(all_, key=lambda r: len(server.planted) - len(r.outside))
        had = len(narrow.found)
        narrow.search(world.stream.decode('utf-8', 'replace'), '', 'of another')
        t.check('the search finds what another may see', len(narrow.found) > had)
    finally:
        stop.set()
        t.equal('the server ended', server.close(), 0)
    t.done()


main()
