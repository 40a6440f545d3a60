"""A whole run is hurt while it plays: every role killed in turn, the device full, files damaged. It must come back
by itself and end with the very records of a run that nobody disturbed, or say plainly why it cannot go on."""
import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from tap import PRACTICE, Tap, practice
from whole_run import MINUTES, SENSORS, Run, capture, same, without_deltas


def kill_each_role(t, base, want):
    run = Run(base, 'killed', 240)
    time.sleep(1)
    names = ['bus', 'store', 'engine', 'alert', 'portal', 'notify', 'sensor.tokyo', 'sensor.lima', 'bus', 'engine', 'store']
    killed = []
    for name in names:
        pid = run.roles().get(name)
        if pid is None or run.p.poll() is not None:
            continue
        os.kill(pid, signal.SIGKILL)
        killed.append(name)
        time.sleep(0.7)
    t.check('every role was killed while it ran', set(killed) == set(names), killed)
    t.equal('the run ends by itself, in order', run.wait(), 0)
    log = run.log()
    t.check('each death is told in plain words', all(f'{n} was killed by signal 9' in log for n in set(names)), log[-3000:])
    same(t, 'kill -9 of each role: the very records of an undisturbed run', without_deltas(run.records()),
         without_deltas(want))


def stop_and_go_on(t, base, want):
    run = Run(base, 'stopped', 400)
    time.sleep(2.5)
    t.equal('SIGTERM: ends in order', run.end(), 0)
    t.check('... and says where everything is', 'everything is kept in' in run.log(), run.log()[-800:])
    run = Run(base, 'stopped', 0)
    t.equal('started again it plays on to the end', run.wait(), 0)
    same(t, 'stopped and started again: the same records', without_deltas(run.records()), without_deltas(want))


def killed_supervisor(t, base, want):
    run = Run(base, 'orphans', 400)
    time.sleep(2)
    roles = run.roles()
    os.kill(run.p.pid, signal.SIGKILL)
    run.p.wait()
    end = time.time() + 30
    while any(os.path.exists(f'/proc/{pid}') for pid in roles.values()) and time.time() < end:
        time.sleep(0.1)
    left = [n for n, pid in roles.items() if os.path.exists(f'/proc/{pid}')]
    t.check('no role outlives its supervisor', len(roles) >= 7 and not left, f'{roles} {left}')
    run = Run(base, 'orphans', 0)
    t.equal('a new one goes on', run.wait(), 0)
    same(t, 'supervisor killed: the same records', without_deltas(run.records()), without_deltas(want))


def full_device(t, base, want):
    """A device of its own, too small; then room is made."""
    small = pathlib.Path(base, 'small')
    small.mkdir()
    mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=4m,mode=755', 'tmpfs', str(small)], capture_output=True)
    if mounted.returncode != 0:
        print('# no right to mount: the full device is not tested here')
        return
    try:
        filler = small / 'filler'
        filler.write_bytes(b'x' * (3 << 20))
        run = Run(base, 'small/data', 240, conf='bus:\n  keep-free: 0\n  segment-size: 65536\n')
        time.sleep(8)
        log = run.log()
        t.check('a full device is said plainly', 'No space left' in log or 'device' in log, log[-1500:])
        t.check('... and ends nothing', run.p.poll() is None, log[-1500:])
        filler.unlink()
        subprocess.run(['mount', '-o', 'remount,size=64m', str(small)], check=False)
        t.equal('with room again the run ends by itself', run.wait(), 0)
        same(t, 'device full for a while: the same records', without_deltas(run.records()), without_deltas(want))
    finally:
        run.end()
        subprocess.run(['umount', '-l', str(small)], check=False)


def damaged_files(t, base, want):
    src = pathlib.Path(base, 'calm')
    # the bus's log, in the middle of what was acknowledged
    shutil.copytree(src, f'{base}/damaged-bus', symlinks=True, ignore=shutil.ignore_patterns('*.sock'))
    own(src, f'{base}/damaged-bus')
    seg = sorted(glob.glob(f'{base}/damaged-bus/bus/*.log'))[-1]
    with open(seg, 'r+b') as f:
        f.seek(4000)
        f.write(b'\xff' * 64)
    run = Run(base, 'damaged-bus', 0)
    time.sleep(2)
    log = run.log()
    t.check('a damaged log: file and offset are named', 'cannot go on' in log and os.path.basename(seg) in log and
            'at byte' in log, log[-1500:])
    t.equal('... the supervisor stays and ends in order', run.end(), 0)
    # the store's catalogue
    shutil.copytree(src, f'{base}/damaged-store', symlinks=True, ignore=shutil.ignore_patterns('*.sock'))
    own(src, f'{base}/damaged-store')
    for db in glob.glob(f'{base}/damaged-store/store/practice.db*'):
        if not db.endswith('.db'):
            os.unlink(db)
    with open(f'{base}/damaged-store/store/practice.db', 'r+b') as f:
        f.write(b'\xff' * 8192)
    run = Run(base, 'damaged-store', 0)
    time.sleep(3)
    log = run.log()
    t.check('a damaged store is named', '"store"' in log and 'cannot go on: store' in log and base in log, log[-1500:])
    t.check('... and the others go on', {'bus', 'engine', 'alert'} <= set(run.roles()), run.roles())
    t.equal('... ends in order', run.end(), 0)
    # the engines' saved state: they begin anew, and say so
    shutil.copytree(src, f'{base}/damaged-state', symlinks=True, ignore=shutil.ignore_patterns('*.sock'))
    own(src, f'{base}/damaged-state')
    with open(f'{base}/damaged-state/engine/state', 'r+b') as f:
        f.seek(30)
        f.write(b'\xff' * 8)
    run = Run(base, 'damaged-state', 0)
    t.equal('a damaged engine state: the run goes on', run.wait(), 0)
    t.check('... and says that it begins anew', 'engine_state_lost' in run.events(), run.log()[-1500:])


def own(src, dst):
    """copytree does not keep owners."""
    for root, dirs, files in os.walk(src):
        for n in ['.'] + dirs + files:
            a = pathlib.Path(root, n)
            b = pathlib.Path(dst, a.relative_to(src))
            if b.exists() and not b.is_symlink():
                st = a.stat()
                os.chown(b, st.st_uid, st.st_gid)


def bad_input(t, base):
    pathlib.Path(base, 'no.pcap').write_bytes(b'this is no capture at all')
    p = subprocess.run([PRACTICE, 'run', '--once', '--data', f'{base}/bad', '--listen', '127.0.0.1:0', '--speed', '0',
                        f'{base}/tokyo.pcap', f'{base}/no.pcap'], capture_output=True, text=True, timeout=50)
    t.check('a capture that cannot be read: named, the other is played', p.returncode != 0 and 'no.pcap' in p.stderr and
            'sensor.tokyo' in p.stderr and 'played to the end' in p.stderr, p.stderr[-2000:])
    st, out, err = practice('run', '--data', f'{base}/none')
    t.check('nothing to watch is said', st != 0 and 'nothing to watch' in err, err)
    st, out, err = practice('run', '--data', f'{base}/none', '--listen', 'nowhere', f'{base}/tokyo.pcap')
    t.check('a bad address is said', st != 0 and 'an address and a port' in err, err)


def main():
    t = Tap()
    base = tempfile.mkdtemp(prefix='practice-faults-')
    os.chmod(base, 0o755)
    try:
        for i, s in enumerate(SENSORS):
            capture(f'{base}/{s}.pcap', i, f'10.{i}.0')
        calm = Run(base, 'calm', 0)
        t.equal('an undisturbed run ends by itself', calm.wait(), 0)
        want = calm.records()
        packets = sum(json.loads(x)['packets'] for x in want['flows']) if isinstance(want['flows'], list) else want['flows']
        t.equal('every packet is stored', packets, len(SENSORS) * (MINUTES * 120 + 11 * 300))
        alerts = [json.loads(a) for a in want['alerts']]
        t.check('the flood is alerted', any(a['key'] == 'victim:203.0.113.9/tcp' for a in alerts), want['alerts'][:2])
        st, text, _ = practice('replay', '--json', '--quiet', *[f'{s}={base}/{s}.pcap' for s in SENSORS])
        calm.out.seek(0)
        t.equal('practice run says the alerts that practice replay says', calm.out.read(), text)
        for part in (kill_each_role, stop_and_go_on, killed_supervisor, full_device, damaged_files):
            if len(sys.argv) < 2 or part.__name__ in sys.argv:
                part(t, base, want)
        bad_input(t, base)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    t.done()


main()
