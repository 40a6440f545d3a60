"""Debian's glewlwyd as identity provider: its own process, database and settings in a directory of the test's, on loopback."""
import http.cookiejar
import json
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from idp import NoRedirect, openssl
from portalsite import free_port

ROOT = pathlib.Path(os.environ['PRACTICE_SOURCE'])
DEBS = ROOT / os.environ.get('PRACTICE_DEPS', '.deps') / 'debs'
HERE = DEBS / 'glewlwyd/usr'
TABLES = HERE / 'share/dbconfig-common/data/glewlwyd/install/sqlite3'
TYPES = {'.html': 'text/html', '.css': 'text/css', '.js': 'application/javascript', '.json': 'application/json', '.woff2': 'font/woff2'}
PASSWORD = 'a long password there'


class Browser:
    """Cookies, and JSON; redirects are looked at, not followed."""

    def __init__(self):
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(NoRedirect, urllib.request.HTTPCookieProcessor(self.cookies))

    def ask(self, method, url, body=None):
        """(status, Location, body)"""
        r = urllib.request.Request(url, json.dumps(body).encode() if body is not None else None, {'Content-Type': 'application/json'}, method=method)
        try:
            with self.opener.open(r, timeout=30) as a:
                return a.status, a.headers.get('Location', ''), a.read()
        except urllib.error.HTTPError as e:
            return e.code, e.headers.get('Location', ''), e.read()


class Glewlwyd:
    def __init__(self, host='127.0.0.1', secret='k3v9Qm2sT7'):
        if not TABLES.is_file():
            raise RuntimeError('glewlwyd is not there: ./dev setup test')
        self.tmp = tempfile.TemporaryDirectory(prefix='practice-glewlwyd-')
        self.base = pathlib.Path(self.tmp.name)
        self.port, self.secret, self.name = free_port(), secret, host
        self.host = f'http://{host}:{self.port}'
        self.issuer = self.host + '/api/oidc'
        self.process = None

    def __enter__(self):
        try:
            self.start()
            self.set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.tmp.cleanup()

    def start(self):
        (self.base / 'none').mkdir()
        db = sqlite3.connect(self.base / 'g.db')
        db.executescript(TABLES.read_text())
        db.close()
        lib = HERE / 'lib/glewlwyd'
        (self.base / 'g.conf').write_text(
            f'port={self.port}\nbind_address="127.0.0.1"\nexternal_url="{self.host}"\nlogin_url="login.html"\napi_prefix="api"\n'
            f'static_files_path="{DEBS}/glewlwyd-common/usr/share/glewlwyd/webapp/"\nlog_mode="console"\nlog_level="WARNING"\ncookie_secure=0\n'
            f'user_module_path="{lib}/user"\nuser_middleware_module_path="{self.base}/none"\nclient_module_path="{lib}/client"\n'
            f'user_auth_scheme_module_path="{lib}/scheme"\nplugin_module_path="{lib}/plugin"\nhash_algorithm="SHA512"\n'
            'static_files_mime_types=(' + ','.join(f'{{extension="{e}" mime_type="{m}" compress=0}}' for e, m in TYPES.items()) + ')\n'
            f'database={{type="sqlite3" path="{self.base}/g.db"}};\n')
        self.log = open(self.base / 'log', 'w+')
        self.process = subprocess.Popen([HERE / 'bin/glewlwyd', '-c', self.base / 'g.conf'], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        for _ in range(300):
            try:
                urllib.request.urlopen(self.host + '/config', timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise RuntimeError('no glewlwyd: ' + (self.base / 'log').read_text())

    def set_up(self):
        key = openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048').decode()
        public = openssl('pkey', '-pubout', stdin=key.encode()).decode()
        self.admin = Browser()
        self.must('POST', '/auth/', {'username': 'admin', 'password': 'password'})
        self.must('POST', '/mod/plugin/', {'module': 'oidc', 'name': 'oidc', 'display_name': 'OpenID Connect', 'order_rank': 0, 'parameters': {
            'iss': self.issuer, 'jwt-type': 'rsa', 'jwt-key-size': '256', 'key': key, 'cert': public, 'jwks-show': True, 'access-token-duration': 3600,
            'refresh-token-duration': 3600, 'code-duration': 600, 'auth-type-code-enabled': True, 'auth-type-refresh-enabled': True, 'pkce-allowed': True,
            'pkce-required': True, 'oauth-as-iss-id': True, 'subject-type': 'public', 'name-claim': 'mandatory', 'session-management-allowed': False,
            'claims': [{'name': 'preferred_username', 'user-property': 'username', 'type': 'string', 'mandatory': True}]}})

    def client(self, redirect_uri):
        self.must('POST', '/client/', {'client_id': 'practice', 'name': 'PRACTICE', 'enabled': True, 'confidential': True, 'password': self.secret,
                                       'redirect_uri': [redirect_uri], 'authorization_type': ['code'], 'token_endpoint_auth_method': ['client_secret_basic'],
                                       'scope': []})

    def must(self, method, path, body):
        st, _, data = self.admin.ask(method, self.host + '/api' + path, body)
        if st != 200:
            raise RuntimeError(f'glewlwyd: {method} {path}: {st} {data[:500]} ' + (self.base / 'log').read_text()[-2000:])

    def user(self, name, title):
        self.must('POST', '/user/', {'username': name, 'name': title, 'password': PASSWORD, 'enabled': True, 'scope': ['openid', 'g_profile']})

    def sign_in(self, name, url):
        """What the browser of this person is sent back to, from the address that the portal sent it to."""
        b = Browser()
        st, _, body = b.ask('POST', self.host + '/api/auth/', {'username': name, 'password': PASSWORD})
        if st != 200:
            raise RuntimeError(f'{name} can not sign in at glewlwyd: {st} {body}')
        b.ask('PUT', self.host + '/api/auth/grant/practice', {'scope': 'openid'})
        return b.ask('GET', url + '&g_continue')[1]
