"""ExaBGP, GoBGP and BIRD on loopback, with `practice exabgp` between ExaBGP and the way that is tested.

    lab = Lab(dir)            # skips the script when a program is missing
    drive = Drive(lab, 'mode: auto')
    drive('start e1 203.0.113.9 123')
    lab.wait(lambda: lab.gobgp('ipv4-flowspec') == {...})
"""
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time

from tap import PRACTICE, skip

FAMILIES = ('ipv4-unicast', 'ipv6-unicast', 'ipv4-flowspec', 'ipv6-flowspec')


def free_ports(n):
    held = []
    for _ in range(n):
        s = socket.socket()
        s.bind(('127.0.0.1', 0))
        held.append(s)
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def program(name):
    found = shutil.which(name) or shutil.which(name, path='/usr/sbin:/usr/local/sbin')
    return found or skip(f'{name} is not installed')


class Lab:
    def __init__(self, folder, way=None):
        """way: the directory with the notifier's mitigate.sock; None: one of its own, for Drive."""
        self.dir = pathlib.Path(folder)
        self.way = pathlib.Path(way or self.dir / 'way')
        if not way:
            self.way.mkdir()
        self.bin = {n: program(n) for n in ('exabgp', 'gobgpd', 'gobgp', 'bird')}
        self.ports = free_ports(3)
        self.running = {}
        self.write_configs()
        self.start('gobgpd', '-f', str(self.dir / 'gobgpd.toml'), '--api-hosts', f'127.0.0.1:{self.ports[2]}',
                   '--pprof-disable')
        self.start_bird()
        self.start_exabgp()

    def write_configs(self):
        gobgp, bird, _ = self.ports
        (self.dir / 'exabgp.conf').write_text(f'''
process practice {{
  run {PRACTICE} exabgp --socket {self.way}/mitigate.sock;
  encoder text;
}}
template {{ neighbor t {{
  router-id 127.0.0.2; local-address 127.0.0.2; local-as 65002; peer-as 65001;
  family {{ ipv4 unicast; ipv6 unicast; ipv4 flow; ipv6 flow; }}
  api {{ processes [ practice ]; neighbor-changes; }}
}} }}
neighbor 127.0.0.1 {{ inherit t; connect {gobgp}; }}
neighbor 127.0.0.3 {{ inherit t; connect {bird}; }}
''')
        (self.dir / 'gobgpd.toml').write_text(f'''
[global.config]
  as = 65001
  router-id = "127.0.0.1"
  port = {gobgp}
  local-address-list = ["127.0.0.1"]
[[neighbors]]
  [neighbors.config]
    neighbor-address = "127.0.0.2"
    peer-as = 65002
  [neighbors.transport.config]
    passive-mode = true
    local-address = "127.0.0.1"
''' + ''.join(f'''
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "{f}"
''' for f in FAMILIES))
        (self.dir / 'bird.conf').write_text(f'''
log stderr all;
router id 127.0.0.3;
flow4 table f4;
flow6 table f6;
protocol device {{}}
protocol bgp exa {{
  local 127.0.0.3 port {bird} as 65001;
  neighbor 127.0.0.2 as 65002;
  passive on; multihop; error wait time 1, 1;
  ipv4 {{ import all; export none; }};
  ipv6 {{ import all; export none; }};
  flow4 {{ table f4; import all; export none; }};
  flow6 {{ table f6; import all; export none; }};
}}
''')

    def start(self, name, *args, env=None):
        log = open(self.dir / f'{name}.log', 'ab')
        self.running[name] = subprocess.Popen([self.bin[name], *args], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                              env={**os.environ, **(env or {})}, cwd=self.dir, start_new_session=True)
        log.close()

    def start_bird(self):
        self.start('bird', '-f', '-c', str(self.dir / 'bird.conf'), '-s', str(self.dir / 'bird.ctl'))

    def start_exabgp(self):
        self.start('exabgp', str(self.dir / 'exabgp.conf'), env={
            'exabgp_daemon_user': pwd.getpwuid(os.geteuid()).pw_name, 'exabgp_api_cli': 'false', 'exabgp_log_level': 'INFO',
            'exabgp_log_destination': 'stdout'})

    def kill(self, name, sig=signal.SIGKILL):
        p = self.running.pop(name)
        p.send_signal(sig)
        p.wait(timeout=20)

    def relay_pid(self):
        """The child that ExaBGP runs for us."""
        exa = self.running['exabgp'].pid
        for p in pathlib.Path('/proc').glob('[0-9]*'):
            try:
                stat = (p / 'stat').read_text().rsplit(')', 1)[1].split()
                if int(stat[1]) == exa and b'--socket' in (p / 'cmdline').read_bytes():
                    return int(p.name)
            except (OSError, IndexError):
                pass
        return None

    def close(self):
        for name in list(self.running):
            self.kill(name, signal.SIGTERM if name == 'exabgp' else signal.SIGKILL)

    def log(self, name, lines=25):
        try:
            return '\n'.join((self.dir / f'{name}.log').read_text(errors='replace').splitlines()[-lines:])
        except OSError:
            return ''

    def gobgp(self, family):
        """{prefix or match as GoBGP writes it: its attributes as text}"""
        r = subprocess.run([self.bin['gobgp'], '-u', '127.0.0.1', '-p', str(self.ports[2]), 'global', 'rib', '-a',
                            family, '-j'], capture_output=True, text=True, timeout=20)
        try:
            rib = json.loads(r.stdout or '{}')
        except ValueError:
            return {}
        return {k: json.dumps(v[0]['attrs']) for k, v in (rib or {}).items()}

    def bird(self, table):
        """{net as BIRD writes it: its attributes as text}"""
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(10)
        s.connect(str(self.dir / 'bird.ctl'))
        s.sendall(f'show route all table {table}\n'.encode())
        text = b''
        while b'\n0000' not in text and b'\n8' not in text and b'\n9' not in text:
            more = s.recv(65536)
            if not more:
                break
            text += more
        s.close()
        found, last = {}, None
        for line in text.decode().splitlines():
            row = line[5:] if line[:4].isdigit() else line[1:]
            if ' [exa ' in row:
                last = row.split(' [exa ')[0].replace('unreachable', '').replace('unicast', '').strip()
                found[last] = ''
            elif last and row.strip():
                found[last] += row.strip() + '\n'
        return found

    def watch_gobgp(self, family, to):
        """Every change of that table as a line of JSON in the file `to`, at once."""
        with open(to, 'ab') as out:
            self.running['watch'] = subprocess.Popen(
                [self.bin['gobgp'], '-u', '127.0.0.1', '-p', str(self.ports[2]), 'monitor', 'global', 'rib', '-a', family,
                 '-j'], stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)

    def wait(self, true, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if true():
                    return True
            except OSError:
                pass
            time.sleep(0.02)
        return False


class Drive:
    """The way to routers in a process of its own: tests/integration/bgp_drive.c."""

    def __init__(self, lab, settings, prefixes='203.0.113.0/24 2001:db8::/32'):
        self.lab = lab
        conf = lab.dir / 'settings.yaml'
        conf.write_text('notify:\n  bgp:\n' + ''.join(f'    {s.strip()}\n' for s in settings.split(';')))
        self.err = open(lab.dir / 'drive.log', 'ab')
        self.p = subprocess.Popen([os.environ['BGP_DRIVE'], str(lab.way), str(conf)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=self.err, text=True)
        self.first = self.p.stdout.readline().strip()
        if prefixes:
            self('prefixes ' + prefixes)

    def __call__(self, line):
        self.p.stdin.write(line + '\n')
        self.p.stdin.flush()
        return self.p.stdout.readline().strip()

    def counters(self):
        return {k: int(v) for k, v in (w.split('=') for w in self('counters').split()[1:])}

    def settled(self, seconds=20):
        """ExaBGP is connected and has confirmed everything."""
        def ok():
            c = self.counters()
            return c['relay'] == 1 and c['waiting'] == 0
        return self.lab.wait(ok, seconds)

    def close(self, sig=None):
        if sig:
            self.p.send_signal(sig)
        else:
            self.p.stdin.close()
        rc = self.p.wait(timeout=20)
        self.err.close()
        return rc
