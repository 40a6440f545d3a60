#!/usr/bin/env python3
"""nginx in front of the portal, with the configuration that docs/operations/portal-nginx.conf ships: only its names, ports and files differ."""
import json
import re
import socket
import ssl
import subprocess
import time

import certs
from portalsite import PASSWORD, Site, free_port
from tap import ROOT, Tap

t = Tap()
API = '/api/v1'
NAME = 'portal.example.net'


class Nginx:
    def __init__(self, s):
        self.dir = s.base / 'nginx'
        self.dir.mkdir()
        self.tls, self.plain = free_port(), free_port()
        certs.authority(self.dir, 'ca')
        certs.certificate(self.dir, 'ca', NAME)
        text = (ROOT / 'docs/operations/portal-nginx.conf').read_text()
        for a, b in [('server 127.0.0.1:8640;', f'server 127.0.0.1:{s.port};'),
                     ('listen 443 ssl http2;', f'listen 127.0.0.1:{self.tls} ssl http2;'), ('listen [::]:443 ssl http2;', ''),
                     ('listen 80;', f'listen 127.0.0.1:{self.plain};'), ('listen [::]:80;', ''),
                     ('/etc/ssl/certs/portal.example.net.pem', f'{self.dir}/{NAME}.crt'),
                     ('/etc/ssl/private/portal.example.net.key', f'{self.dir}/{NAME}.key')]:
            t.check(f'the configuration says {a}', text.count(a) == 1, text.count(a))
            text = text.replace(a, b)
        (self.dir / 'portal.conf').write_text(text)
        temp = ''.join(f'{k}_temp_path {self.dir}/{k};' for k in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        (self.dir / 'nginx.conf').write_text(
            f'pid {self.dir}/pid; error_log {self.dir}/error.log; daemon off; worker_processes 1;\nevents {{}}\n'
            f'http {{ access_log {self.dir}/access.log; {temp}\ninclude {self.dir}/portal.conf; }}\n')
        subprocess.run(['chmod', '-R', 'a+rwX', s.base], check=True)
        self.p = subprocess.Popen(['nginx', '-p', self.dir, '-c', self.dir / 'nginx.conf'], stderr=subprocess.PIPE, text=True)
        s.children.insert(0, self.p)
        for _ in range(200):
            try:
                socket.create_connection(('127.0.0.1', self.tls), timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)

    def open(self):
        ctx = ssl.create_default_context(cafile=str(self.dir / 'ca.crt'))
        return ctx.wrap_socket(socket.create_connection(('127.0.0.1', self.tls), timeout=60), server_hostname=NAME)

    def ask(self, method, path, body=None, lines=()):
        """(status, header block, body) over TLS."""
        data = json.dumps(body).encode() if body is not None else b''
        head = [f'{method} {path} HTTP/1.1', f'Host: {NAME}:{self.tls}', 'Connection: close', *lines]
        if body is not None:
            head += ['Content-Type: application/json', 'X-Practice: 1', f'Content-Length: {len(data)}']
        with self.open() as c:
            c.sendall(('\r\n'.join(head) + '\r\n\r\n').encode() + data)
            got = b''
            while True:
                k = c.recv(65536)
                if not k:
                    break
                got += k
        h, _, rest = got.partition(b'\r\n\r\n')
        return int(h.split()[1]), h.decode('latin-1'), rest


def rows(n, cookie):
    _, _, body = n.ask('GET', API + '/audit?limit=5', lines=[f'Cookie: {cookie}'])
    m = re.search(rb'\{"rows".*\}', body, re.S)  # chunks, or not
    return json.loads(m.group(0))['rows'] if m else []


with Site(f", hosts: ['{NAME}'], proxies: ['127.0.0.1/32']") as s:
    n = Nginx(s)
    st, h, _ = n.ask('GET', '/')
    t.check('the page over TLS, with HSTS and the portal\'s own headers', st == 200 and 'Strict-Transport-Security' in h and 'Content-Security-Policy' in h, (st, h))
    st, h, body = n.ask('POST', API + '/session', {'user': 'admin', 'password': PASSWORD}, [f'Origin: https://{NAME}:{n.tls}', 'X-Forwarded-For: 203.0.113.66'])
    cookie = re.search(r'Set-Cookie: ([^;\r]*)(.*)', h)
    t.check('a sign-in through it', st == 200 and cookie is not None, (st, h, body))
    cookie, attributes = cookie.groups() if cookie else ('', '')
    t.check('the cookie is Secure and of this host only', cookie.startswith('__Host-practice=') and 'Secure' in attributes and 'HttpOnly' in attributes and
            'Path=/' in attributes and 'Domain' not in attributes, (cookie, attributes))
    t.check('it opens the door', n.ask('GET', API + '/status', lines=[f'Cookie: {cookie}'])[0] == 200)
    t.check('the same token as a plain cookie does not: a sibling could have set that one',
            n.ask('GET', API + '/status', lines=['Cookie: ' + cookie.replace('__Host-', '')])[0] == 401)
    t.check('a foreign origin is refused', n.ask('POST', API + '/session/end', {}, [f'Cookie: {cookie}', 'Origin: https://evil.example'])[0] == 403)
    log = rows(n, cookie)
    signed = [r for r in log if r['what'] == 'sign-in']
    t.check("the client's address is nginx's word, not the client's", signed and signed[0]['from'] == '127.0.0.1', log)
    with n.open() as c:
        c.sendall(f'GET {API}/events HTTP/1.1\r\nHost: {NAME}\r\nCookie: {cookie}\r\n\r\n'.encode())
        got = b''
        while not got.partition(b'\r\n\r\n')[2]:
            k = c.recv(4096)
            if not k:
                break
            got += k
        t.check('the event stream passes, unbuffered: a first piece comes while it stays open', b'text/event-stream' in got and got.partition(b'\r\n\r\n')[2] != b'', got[-600:])
    st, h, _ = n.ask('POST', API + '/session', {'user': 'x' * 80000, 'password': 'y'})
    t.check('a body beyond 64 KiB ends at nginx', st == 413, (st, h))
    with socket.create_connection(('127.0.0.1', n.plain), timeout=60) as c:
        c.sendall(f'GET /attacks HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n'.encode())
        got = c.recv(4096)
        t.check('plain HTTP is sent to TLS', b' 301 ' in got and f'https://{NAME}/attacks'.encode() in got, got)
    for what, lines in [('length and chunks', 'Content-Length: 4\r\nTransfer-Encoding: chunked'), ('two lengths', 'Content-Length: 4\r\nContent-Length: 5')]:
        with n.open() as c:
            c.sendall((f'POST {API}/session HTTP/1.1\r\nHost: {NAME}\r\n{lines}\r\n\r\n0\r\n\r\nGET {API}/me HTTP/1.1\r\nHost: {NAME}\r\n'
                       f'Cookie: {cookie}\r\nConnection: close\r\n\r\n').encode())
            got = b''
            try:
                while True:
                    k = c.recv(65536)
                    if not k:
                        break
                    got += k
            except OSError:
                pass
        t.check(f'smuggling through nginx, {what}: refused', b'"signed_in":true' not in got and b' 400 ' in got[:20], got[:300])
    t.check('all are still there', all(p.poll() is None for p in s.children), s.logs())

with Site() as s:
    st, h, _ = s.sign_in('viewer', headers={'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'https'})
    cookie = h.get('set-cookie', '')
    t.check('who is no proxy is not believed about TLS', st == 200 and cookie.startswith('practice=') and 'Secure' not in cookie, h)
    lines = json.loads(s.ask('GET', API + '/audit', cookie=s.session('admin'))[2])['rows']
    t.check('... nor about addresses', all(r['from'] in ('', '127.0.0.1') for r in lines), lines)
t.done()
