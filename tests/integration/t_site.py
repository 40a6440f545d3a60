#!/usr/bin/env python3
"""A new site from nothing to data at the hub, by typing what the instruction says; days without a link; renewal of
what the hub shows; units as systemd reads them."""
import base64
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from hub import Hub, commands, shims
from nats import eventually
from tap import PRACTICE, Tap

t = Tap()

SCP = '''#!/bin/sh
# hub:NAME is a file in the hub's home
f() { case $1 in hub:*) echo "$HUB_HOME/${1#hub:}" ;; *) echo "$1" ;; esac; }
exec cp "$(f "$1")" "$(f "$2")"
'''
SYSTEMCTL = '''#!/bin/sh
# enable --now UNIT...: runs what the units say
[ "$1 $2" = "enable --now" ] || exit 1
shift 2
for unit; do
  run=$(sed -n 's/^ExecStart=//p' "$unit")
  $run >"$HUB_HOME/$(basename "$unit").out" 2>&1 </dev/null &
  echo $! >>"$HUB_HOME/pids"
done
'''


def typed(h, env, base, page):
    """Types every command of the page where it says; [(command, status, output)]."""
    seen = []
    for where, command in commands(page)[1:]:  # the first made the page
        r = subprocess.run(['sh', '-c', command], cwd=base / 'hub-home' if where == 'hub' else base, env=env,
                           capture_output=True, text=True, timeout=60)
        seen.append((command, r.returncode, r.stdout + r.stderr))
    return seen


def end(base):
    for pid in (base / 'hub-home/pids').read_text().split() if (base / 'hub-home/pids').exists() else []:
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass


def new_site(base):
    home = base / 'hub-home'
    home.mkdir()
    with Hub(base) as h:
        (st, _, err), (st2, _, err2) = h.begin()
        t.check('the hub begins', st == 0 and st2 == 0, err + err2)
        env = shims(base / 'bin', practice=f'#!/bin/sh\nexec {PRACTICE} "$@"\n', scp=SCP, systemctl=SYSTEMCTL,
                    systemd_sysusers='#!/bin/sh\ngrep -q "^u practice " "$1"\n', chown='#!/bin/sh\n[ -d "$4" ]\n')
        env['HUB_HOME'] = str(home)
        d = base / 'tokyo'
        h.ports['tokyo'] = port = h.port + 1 if h.port < 60000 else h.port - 1
        made = f'practice site init tokyo --hub hub --dir {d} --data {base}/tokyo-data --hub-dir {h.dir} --port {port}'
        page = subprocess.run(made.split(), env=env, capture_output=True, text=True, cwd=base, timeout=60).stdout
        t.equal('the page is kept beside the files', (d / 'HOWTO.txt').read_text(), page)
        t.equal('its first command is the one that made it', commands(page)[0], ('site', made))
        t.check('ten commands at most', 0 < len(commands(page)) <= 10, commands(page))
        seen = typed(h, env, base, page)
        t.check('all of them succeed', seen and all(s == 0 for _, s, _ in seen), seen)
        prints = [re.search(r'fingerprint.*: ([0-9a-f]{64})', out)[1] for c, _, out in seen if 'site ' in c and 'fingerprint' in out]
        t.check('hub and site show the same fingerprint', len(prints) == 2 and prints[0] == prints[1], prints)
        deliver(h, d)
        outage(h, d)
    end(base)


def batches(hub):
    """What the test has published, in the order of the hub's stream; the site's own sensor speaks there, too."""
    out = []
    for seq in range(1, hub.js('STREAM.INFO.PRACTICE')['state']['last_seq'] + 1):
        m = hub.js('STREAM.MSG.GET.PRACTICE', {'seq': seq})['message']
        data = base64.b64decode(m.get('data', ''))
        if m['subject'] == 'flow.tokyo' and data.startswith(b'batch '):
            out.append(int(data[6:]))
    return out


def deliver(h, d):
    with eventually(lambda: h.at_site('tokyo')) as c, h.at_hub() as hub:
        h.make_stream('tokyo', c)
        for i in range(100):
            c.publish('flow.tokyo', f'batch {i}', f'flow.tokyo.{i}')
        t.check('what was published at the site arrives in the hub\'s stream',
                eventually(lambda: len(batches(hub)) >= 100), h.subjects(hub))
        t.equal('and each message once', batches(hub), list(range(100)))
        hub.publish('flow.hub', b'x', 'flow.hub.1')
        site = c.js('STREAM.INFO.PRACTICE-tokyo', {'subjects_filter': '>'}, domain=h.domain('tokyo'))['state']
        t.check('nothing of the hub goes to the site', set(site['subjects']) <= {'flow.tokyo', 'health.tokyo'}, site['subjects'])
        st, out, err = h.hub('list', '--json')
        row = json.loads(out)
        t.check('practice hub list shows it connected', st == 0 and row['state'] == 'connected', out + err)


def outage(h, d):
    """The hub is away; the site's own server dies meanwhile as well; then both come back."""
    with h.at_site('tokyo') as c:
        h.kill('hub')
        for i in range(100, 300):
            c.publish('flow.tokyo', f'batch {i}', f'flow.tokyo.{i}')
    pid = int((h.base / 'tokyo-data/nats.pid').read_text())
    os.kill(pid, signal.SIGKILL)
    h.start('tokyo', d / 'nats.conf')
    with eventually(lambda: h.at_site('tokyo')) as c:
        for i in range(300, 400):
            c.publish('flow.tokyo', f'batch {i}', f'flow.tokyo.{i}')
    h.start_hub()
    with h.at_hub() as hub:
        t.check('after an outage the hub gets what it missed',
                eventually(lambda: len(batches(hub)) >= 400), h.subjects(hub))
        t.equal('each message once, and in order', batches(hub), list(range(400)))


def files(base):
    h = Hub(base)
    d = base / 'kyoto'
    made = ('site', 'init', 'kyoto', '--dir', d, '--data', base / 'kyoto-data', '--honeypot', '--lang', 'ja')
    st, out, err = h.run(*made)
    t.check('the instruction speaks Japanese', st == 0 and '接続手順' in out, err)
    english = h.run('site', 'init', 'kyoto', '--dir', base / 'en', '--data', base / 'kyoto-data', '--honeypot')[1]
    t.equal('its commands are those of the English one', commands(out)[1:],
            commands(english.replace(str(base / 'en'), str(d)))[1:])
    t.equal('the private key is for its owner only', oct((d / 'site.key').stat().st_mode & 0o777), '0o600')
    key = (d / 'site.key').read_bytes()
    st, _, err = h.run(*made)
    t.check('nothing is overwritten', st != 0 and 'already' in err and (d / 'site.key').read_bytes() == key, err)
    st, _, err = h.run('site', 'init', 'nara', '--dir', base / 'nara', '--data', base / 'nara-data', '--max-store', '500000G')
    t.check('a disk that is too small is said', st == 0 and f'{base}/nara-data has' in err and '500000.0 GB' in err, err)
    for bad in ('Kyoto', 'k/../x', 'k"', '-k', 'k' * 21, 'k.o', 'k o', ''):
        st, _, _ = h.run('site', 'init', bad, '--dir', base / 'bad', '--data', base / 'bad-data')
        t.check(f'no site is called {bad!r}', st != 0)
    t.check('and nothing was made for it', not (base / 'bad').exists())
    units = sorted(d.glob('*.service'))
    t.equal('units', [u.name for u in units], ['practice-honeypot.service', 'practice-nats.service', 'practice-sensor.service'])
    systemd(units)


HARD = ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'User=practice', 'RestrictNamespaces=yes', 'SystemCallFilter=@system-service']


def systemd(units):
    for u in units:
        text = u.read_text()
        t.check(f'{u.name}: hardened', all(x in text for x in HARD), text)
    caps = {u.name: re.search(r'^CapabilityBoundingSet=(.*)$', u.read_text(), re.M)[1] for u in units}
    t.equal('capabilities', caps, {'practice-honeypot.service': 'CAP_NET_RAW CAP_NET_BIND_SERVICE',
                                   'practice-nats.service': '', 'practice-sensor.service': 'CAP_NET_RAW'})
    if shutil.which('systemd-analyze'):
        r = subprocess.run(['systemd-analyze', 'verify', *map(str, units)], capture_output=True, text=True, timeout=60)
        ours = [x for x in (r.stdout + r.stderr).splitlines() if 'practice' in x]
        t.check('systemd-analyze finds nothing', not ours, ours)
    else:
        lines = [x for u in units for x in u.read_text().splitlines()]
        t.check('units have sections, comments and settings only',
                all(re.fullmatch(r'(\[\w+\]|[A-Za-z]+=.*|#.*|)', x) for x in lines), lines)


with tempfile.TemporaryDirectory(prefix='site') as tmp:
    try:
        new_site(pathlib.Path(tmp).resolve())
    finally:
        end(pathlib.Path(tmp).resolve())
with tempfile.TemporaryDirectory(prefix='site') as tmp:
    files(pathlib.Path(tmp).resolve())
t.done()
