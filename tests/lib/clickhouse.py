"""Real ClickHouse servers (and ZooKeeper) on loopback, for tests: each in a directory of the test, with ports of its own,
and gone when the test is, whatever happens.

    with Server(directory) as s:                       one server: s.url, s.query('SELECT 1')
    zk = ZooKeeper(directory); nodes = cluster(directory, zk, shards=1, replicas=2)
    s.kill(); s.start()                                kill -9, and back on the same data
    with Proxy(s.port) as p:                           statements pass, until p.plan says otherwise
"""
import ctypes
import http.server
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request


class Missing(Exception):
    """A package is not there: the test fails, ./dev setup test installs it."""


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class _Process:
    def __init__(self, directory):
        self.dir = pathlib.Path(directory).resolve()
        self.dir.mkdir(parents=True, exist_ok=True)
        self.p = None

    def spawn(self, *args, **kw):
        log = open(self.dir / 'out.log', 'a')
        self.p = subprocess.Popen([str(a) for a in args], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                  cwd=self.dir, preexec_fn=_die_with_parent, **kw)

    def wait_for(self, ready, seconds):
        end = time.time() + seconds
        while time.time() < end and self.p.poll() is None:
            if ready():
                return
            time.sleep(0.1)
        raise Missing(f'{type(self).__name__} does not start, see {self.dir}/out.log: '
                      + (self.dir / 'out.log').read_text(errors='replace')[-800:])

    def kill(self):
        if self.p:
            self.p.kill()
            self.p.wait()
            self.p = None

    stop = kill

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()


class ZooKeeper(_Process):
    """Debian's, by java -cp; sessions of a killed client end after `session` milliseconds."""

    def __init__(self, directory, session=4000):
        super().__init__(directory)
        if not shutil.which('java') or not os.path.exists('/usr/share/java/zookeeper.jar'):
            raise Missing('no ZooKeeper here (packages zookeeper, default-jre-headless)')
        self.port = free_port()
        (self.dir / 'zoo.cfg').write_text(
            f'tickTime=500\ndataDir={self.dir}/data\nclientPort={self.port}\nclientPortAddress=127.0.0.1\n'
            f'maxSessionTimeout={session}\nadmin.enableServer=false\nmaxClientCnxns=0\n4lw.commands.whitelist=*\n')
        (self.dir / 'log4j.properties').write_text('log4j.rootLogger=WARN, A\nlog4j.appender.A=org.apache.log4j.ConsoleAppender\n'
                                                   'log4j.appender.A.layout=org.apache.log4j.SimpleLayout\n')

    def start(self):
        self.spawn('java', '-Xmx128m', '-cp', f'{self.dir}:/usr/share/java/zookeeper.jar',
                   'org.apache.zookeeper.server.quorum.QuorumPeerMain', self.dir / 'zoo.cfg')
        self.wait_for(self.ok, 40)

    def ok(self):
        try:
            with socket.create_connection(('127.0.0.1', self.port), 1) as s:
                s.sendall(b'ruok')
                return s.recv(4) == b'imok'
        except OSError:
            return False


USERS = '''<?xml version="1.0"?>
<yandex>
 <profiles>
  <default><max_threads>2</max_threads><max_memory_usage>2000000000</max_memory_usage></default>
  <reader><readonly>1</readonly></reader>
 </profiles>
 <users>
  <default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
  <reader><password>geheim</password><networks><ip>127.0.0.1</ip></networks><profile>reader</profile><quota>default</quota></reader>
 </users>
 <quotas><default></default></quotas>
</yandex>
'''


class Server(_Process):
    """user default writes without a password; user reader (password geheim, in self.secret) has readonly=1."""

    def __init__(self, directory, extra=''):
        super().__init__(directory)
        if not shutil.which('clickhouse-server', path=os.environ.get('PATH', '') + ':/usr/sbin'):
            raise Missing('no ClickHouse here (package clickhouse-server)')
        self.port, self.tcp, self.inter = free_port(), free_port(), free_port()
        self.url = f'http://127.0.0.1:{self.port}'
        self.extra = extra
        self.secret = self.dir / 'secret'
        self.secret.write_text('geheim\n')

    def start(self):
        d = self.dir
        (d / 'users.xml').write_text(USERS)
        (d / 'config.xml').write_text(f'''<?xml version="1.0"?>
<yandex>
 <logger><level>warning</level><console>1</console></logger>
 <http_port>{self.port}</http_port><tcp_port>{self.tcp}</tcp_port>
 <interserver_http_port>{self.inter}</interserver_http_port><interserver_http_host>127.0.0.1</interserver_http_host>
 <listen_host>127.0.0.1</listen_host>
 <path>{d}/data/</path><tmp_path>{d}/tmp/</tmp_path><users_config>{d}/users.xml</users_config>
 <default_profile>default</default_profile><default_database>default</default_database>
 <mark_cache_size>67108864</mark_cache_size><uncompressed_cache_size>67108864</uncompressed_cache_size>
 {self.extra}
</yandex>
''')
        self.spawn('/usr/sbin/clickhouse-server' if os.path.exists('/usr/sbin/clickhouse-server') else 'clickhouse-server',
                   f'--config-file={d}/config.xml')
        self.wait_for(self.ok, 60)

    def ok(self):
        try:
            return self.query('SELECT 1') == '1'
        except OSError:
            return False

    def query(self, sql, timeout=60):
        r = urllib.request.Request(f'{self.url}/?wait_end_of_query=1', sql.encode())
        try:
            with urllib.request.urlopen(r, timeout=timeout) as f:
                return f.read().decode().strip()
        except urllib.error.HTTPError as e:
            raise RuntimeError(e.read().decode(errors='replace')[:400]) from e


def cluster(directory, zk, shards=1, replicas=2, name='all'):
    """Servers that know each other; not started yet. Macros shard and replica are set."""
    nodes = [[Server(pathlib.Path(directory) / f's{s}r{r}') for r in range(replicas)] for s in range(shards)]
    remote = ''.join('<shard><internal_replication>true</internal_replication>'
                     + ''.join(f'<replica><host>127.0.0.1</host><port>{n.tcp}</port></replica>' for n in row)
                     + '</shard>' for row in nodes)
    for s, row in enumerate(nodes):
        for r, n in enumerate(row):
            n.extra = (f'<remote_servers><{name}>{remote}</{name}></remote_servers>'
                       f'<zookeeper><node><host>127.0.0.1</host><port>{zk.port}</port></node>'
                       f'<session_timeout_ms>4000</session_timeout_ms></zookeeper>'
                       f'<macros><shard>{s}</shard><replica>r{r}</replica></macros>')
    return [n for row in nodes for n in row]


class Proxy:
    """Between practice and a server. plan(n, sql) is asked for each INSERT and ALTER, numbered from 1, and says:
    'pass'; 'refuse' (cut without sending it on); 'swallow' (sent on, cut without the answer); 'late' (cut, sent on after a
    second). after() is called once a statement was cut. `statements`: what came by. asked(sql) is called before each
    question is sent on."""

    def __init__(self, port, plan=lambda n, sql: 'pass', after=lambda: None, asked=lambda sql: None):
        self.upstream, self.plan, self.after, self.asked, self.n, self.statements = port, plan, after, asked, 0, []
        self.late = []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
                sql = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query).get('query', [''])[0]
                what = 'pass'
                if sql.startswith(('INSERT', 'ALTER')):
                    proxy.n += 1
                    proxy.statements.append(sql.split('(')[0][12:].strip() if '(' in sql else sql)
                    what = proxy.plan(proxy.n, sql)
                elif not sql:
                    proxy.asked(body.decode(errors='replace'))
                if what == 'late':
                    t = threading.Timer(1.0, self.forward, (body,))
                    proxy.late.append(t)
                    t.start()
                status, answer = self.forward(body) if what in ('pass', 'swallow') else (0, b'')
                if what != 'pass':
                    proxy.after()
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(status)
                self.send_header('Content-Length', str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def forward(self, body):
                r = urllib.request.Request(f'http://127.0.0.1:{proxy.upstream}{self.path}', body,
                                           {k: v for k, v in self.headers.items() if k.startswith('X-')})
                try:
                    with urllib.request.urlopen(r, timeout=60) as f:
                        return f.status, f.read()
                except urllib.error.HTTPError as e:
                    return e.code, e.read()
                except OSError:
                    return 503, b'upstream is away'

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # the other side was killed: that is what is tested
        self.port = self.server.server_address[1]
        self.url = f'http://127.0.0.1:{self.port}'
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        for t in self.late:
            t.join()
