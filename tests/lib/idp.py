"""An identity provider as bad as it is told to be: OpenID Connect over plain HTTP on loopback, keys and signatures by openssl."""
import base64
import hashlib
import http.server
import json
import secrets
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def at_provider(url):
    """Where the provider sends a browser that comes this way."""
    try:
        urllib.request.build_opener(NoRedirect, urllib.request.HTTPSHandler(context=ssl._create_unverified_context())).open(url, timeout=30)
    except urllib.error.HTTPError as e:
        return e.headers['Location']
    return ''


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def openssl(*args, stdin=b''):
    return subprocess.run(['openssl', *args], input=stdin, capture_output=True, check=True, timeout=60).stdout


class Key:
    """RSA or EC (P-256); signs as RS256, PS256, ES256, or with whatever it is told."""

    def __init__(self, kid, kind='RSA', bits=2048):
        self.kid, self.kind = kid, kind
        self.file = tempfile.NamedTemporaryFile(suffix='.pem')
        how = ['-algorithm', 'RSA', '-pkeyopt', f'rsa_keygen_bits:{bits}'] if kind == 'RSA' else ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
        openssl('genpkey', *how, '-out', self.file.name)
        if kind == 'RSA':
            n = bytes.fromhex(openssl('rsa', '-in', self.file.name, '-noout', '-modulus').decode().strip().split('=')[1])
            self.public = {'kty': 'RSA', 'n': b64(n), 'e': 'AQAB'}
        else:
            point = openssl('ec', '-in', self.file.name, '-pubout', '-outform', 'DER')[-64:]
            self.public = {'kty': 'EC', 'crv': 'P-256', 'x': b64(point[:32]), 'y': b64(point[32:])}

    def jwk(self):
        return {**self.public, 'use': 'sig', **({'kid': self.kid} if self.kid else {})}

    def sign(self, alg, data):
        pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32'] if alg == 'PS256' else []
        sig = openssl('dgst', '-sha256', '-sign', self.file.name, *pss, stdin=data)
        if self.kind == 'RSA':
            return sig
        nums, at = [], 2
        for _ in range(2):  # SEQUENCE of two INTEGERs
            n = sig[at + 1]
            nums.append(int.from_bytes(sig[at + 2:at + 2 + n], 'big').to_bytes(32, 'big'))
            at += 2 + n
        return b''.join(nums)

    def token(self, claims, alg=None, head=None):
        alg = alg or ('RS256' if self.kind == 'RSA' else 'ES256')
        h = {'alg': alg, 'typ': 'JWT', **({'kid': self.kid} if self.kid else {}), **(head or {})}
        h = {k: v for k, v in h.items() if v is not None}
        data = b64(json.dumps(h).encode()) + '.' + b64(json.dumps(claims).encode())
        return data + '.' + b64(self.sign(alg, data.encode()))


class Provider:
    """GET /authorize answers at once, for the person in `self.person`. What is wrong with it: `self.bad`, by name:
    document: a dict over its own; token: a function from claims to text; huge: paths; to: path -> redirect; raw: path -> (status,
    bytes). hold: an event that POSTs for a token wait for. tls: (certificate, key) of localhost."""

    def __init__(self, client='practice', secret='it is a secret+/=', tls=None):
        self.client, self.secret = client, secret
        self.key = Key('k1')
        self.person = {'sub': 'u-1', 'preferred_username': 'mika', 'name': 'Mika'}
        self.claims, self.bad, self.codes, self.asked, self.hold = {}, {}, {}, [], None
        self.keys = [self.key.jwk()]
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                provider.serve(self, None)

            def do_POST(self):
                provider.serve(self, self.rfile.read(int(self.headers['Content-Length'])).decode())

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that goes away is no news
        self.url = f'http://127.0.0.1:{self.server.server_port}/realm'
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*tls)
            self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
            self.url = f'https://localhost:{self.server.server_port}/realm'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def wait_for(self, what):
        for _ in range(3000):
            if what():
                return
            time.sleep(0.01)
        raise RuntimeError('it does not happen')

    def until(self, path):
        self.wait_for(lambda: self.asked[-1:] and self.asked[-1][0] == path)

    def document(self):
        u = self.url
        return {'issuer': u, 'authorization_endpoint': u + '/authorize', 'token_endpoint': u + '/token', 'jwks_uri': u + '/keys',
                'end_session_endpoint': u + '/end', 'response_types_supported': ['code'], 'id_token_signing_alg_values_supported': ['RS256'],
                'code_challenge_methods_supported': ['S256'], 'authorization_response_iss_parameter_supported': True}

    def serve(self, h, body):
        url = urllib.parse.urlsplit(h.path)
        what = url.path.rsplit('/', 1)[1]
        q = dict(urllib.parse.parse_qsl(body if body is not None else url.query))
        self.asked.append((what, q))
        if self.hold and what == 'token':
            self.hold.wait(60)
        if what in self.bad.get('huge', ()):
            return self.say(h, 200, b'{"x":"' + b'a' * (4 << 20) + b'"}')
        if what in self.bad.get('to', {}):
            return self.say(h, 302, b'', Location=self.bad['to'][what])
        if what in self.bad.get('raw', {}):
            return self.say(h, *self.bad['raw'][what])
        return getattr(self, 'on_' + {'openid-configuration': 'document'}.get(what, what))(h, q)

    def say(self, h, status, data, **headers):
        data = data if isinstance(data, bytes) else json.dumps(data).encode()
        try:
            h.send_response(status)
            for k, v in {'Content-Type': 'application/json', 'Content-Length': len(data), **headers}.items():
                h.send_header(k, str(v))
            h.end_headers()
            h.wfile.write(data)
        except OSError:
            pass

    def on_document(self, h, q):
        self.say(h, 200, {**self.document(), **self.bad.get('document', {})})

    def on_keys(self, h, q):
        self.say(h, 200, {'keys': self.keys})

    def on_authorize(self, h, q):
        code = secrets.token_urlsafe(24)
        self.codes[code] = {**q, 'person': dict(self.person)}
        back = {'code': code, 'state': q['state'], 'iss': self.url, 'session_state': 'x'}
        self.say(h, 302, b'', Location=q['redirect_uri'] + '?' + urllib.parse.urlencode(back))

    def on_end(self, h, q):
        self.say(h, 302, b'', Location=q['post_logout_redirect_uri'])

    def on_token(self, h, q):
        given = h.headers.get('Authorization', '')
        user, _, secret = base64.b64decode(given[6:] or b'').decode().partition(':')
        was = self.codes.pop(q.get('code'), None)
        challenge = b64(hashlib.sha256(q.get('code_verifier', '').encode()).digest())
        if (urllib.parse.unquote_plus(user), urllib.parse.unquote_plus(secret)) != (self.client, self.secret):
            return self.say(h, 401, {'error': 'invalid_client'})
        if not was or q['redirect_uri'] != was['redirect_uri'] or challenge != was['code_challenge'] or was['code_challenge_method'] != 'S256':
            return self.say(h, 400, {'error': 'invalid_grant'})
        now = int(time.time())
        claims = {'iss': self.url, 'aud': self.client, 'iat': now, 'exp': now + 300, 'nonce': was['nonce'], **was['person'], **self.claims}
        claims = {k: v for k, v in claims.items() if v is not None}
        make = self.bad.get('token', lambda c: self.key.token(c))
        self.say(h, 200, {'access_token': 'opaque', 'token_type': 'Bearer', 'expires_in': 300, 'id_token': make(claims)})

