#!/usr/bin/env python3
"""What people do who have not read the manual: captures through pipes, more files than a process may usually open,
words that are nearly right, an answer that cannot be written, a store that is not there or does not answer."""
import os
import pathlib
import resource
import signal
import socket
import struct
import subprocess
import tempfile
import time

from tap import PRACTICE, Tap, practice

t = Tap()
PACKETS = 40


def capture(n):
    """TCP SYN to 198.51.100.1, one a second."""
    out = [struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)]
    for i in range(n):
        ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 40, i, 0, 64, 6, 0, socket.inet_aton(f'192.0.2.{i + 1}'), socket.inet_aton('198.51.100.1'))
        tcp = struct.pack('>HHIIBBHHH', 40000 + i, 23, 1, 0, 0x50, 2, 1024, 0, 0)
        out.append(struct.pack('<IIII', 1700000000 + i, 0, 40, 40) + ip + tcp)
    return b''.join(out)


CSV = 'time,src,dst,proto,sport,dport\n' + ''.join(f'2023-11-14T22:13:{i:02}Z,192.0.2.{i + 1},198.51.100.1,TCP,4000{i % 10},23\n' for i in range(PACKETS))


def fed(data, *args, **kw):
    r = subprocess.run([PRACTICE, *map(str, args)], input=data, capture_output=True, timeout=60, **kw)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


def streams(tmp):
    read = f'{PACKETS} packets in '
    for what, data in (('a capture', capture(PACKETS)), ('CSV', CSV.encode())):
        code, out, err = fed(data, 'replay', '-')
        t.check(f'{what} on standard input', code == 0 and read in out, out + err)
        fifo = tmp / 'fifo'
        os.mkfifo(fifo)
        writer = subprocess.Popen(['sh', '-c', f'cat >{fifo}'], stdin=subprocess.PIPE)
        reader = subprocess.Popen([PRACTICE, 'replay', fifo], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        writer.stdin.write(data[:3])  # slowly: less than what says what it is
        writer.stdin.flush()
        writer.communicate(data[3:], timeout=60)
        out = reader.communicate(timeout=60)[0]
        t.check(f'{what} from a named pipe', reader.returncode == 0 and read in out, out)
        fifo.unlink()
    (tmp / 'g.csv').write_text(CSV)
    for name in ('tokyo=', ''):
        code, out, err = practice('replay', '--store', tmp / f'store-{name}', f'{name}{tmp}/g.csv')
        names = practice('query', 'sensors', '--csv', '--store', tmp / f'store-{name}')[1]
        t.check(f'rows without a sensor are of the file\'s: {name or "g"}', code == 0 and read in out and f'\n{name[:-1] or "g"},' in names, out + err + names)
    for what, data, says in (('nothing', b'', '-: empty file'), ('a word', b'hello', '-: neither a capture')):
        code, out, err = fed(data, 'replay', '-')
        t.check(f'{what} on standard input', code == 1 and says in err, err)


def many(tmp):
    n = 300
    for i in range(n):
        (tmp / f'{i}.pcap').write_bytes(capture(1))
    few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))  # noqa: E731
    code, out, err = fed(b'', 'replay', '--sensor', 'x', *sorted(tmp.glob('*.pcap')), preexec_fn=few)
    t.check('more files than are usually open at once', code == 0 and f'{n} packets in ' in out, out + err)


def nearly_right():
    for args, says in ((('reply',), 'did you mean replay?'), (('replay', '--jsno', 'x'), 'did you mean --json?')):
        code, out, err = practice(*args)
        t.check(f'{args[-2:]}: {says}', code == 2 and says in err and not out, err)
    code, out, err = practice('query', 'xyzzy')
    t.check('what is nothing like a word has no neighbour', code == 2 and 'did you mean' not in err, err)


def unwritten(tmp):
    (tmp / 'a.pcap').write_bytes(capture(PACKETS))
    practice('replay', '--store', tmp / 'store', tmp / 'a.pcap')
    for args in (('query', 'top', 'by=port', '--store', tmp / 'store'), ('query', '--json', '--store', tmp / 'store'),
                 ('explain', '192.0.2.1', '--store', tmp / 'store'), ('settings',)):
        with open('/dev/full', 'w') as full:
            r = subprocess.run([PRACTICE, *map(str, args)], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        said = r.stderr.splitlines()
        t.check(f'{args[0]}: an answer that could not be written is said once', r.returncode == 3 and len(said) == 1 and 'standard output' in said[0], r.stderr)


def no_store(tmp):
    for args in (('query', 'top'), ('explain', '192.0.2.1'), ('compare',)):
        code, out, err = practice(*args, cwd=tmp)
        t.check(f'{args[0]}: no store, and what to do', code == 1 and './practice-data/store' in err and '--store' in err, err)
    with socket.socket() as s:  # bound, and nobody listens
        s.bind(('127.0.0.1', 0))
        where = f'http://127.0.0.1:{s.getsockname()[1]}/practice'
        (tmp / 'c.yaml').write_text('store:\n  clickhouse:\n    retry: 1s\n')
        code, out, err = practice('query', 'top', '--store', where, '--config', tmp / 'c.yaml')
        t.check('who waits for a store that does not answer is told so', code == 3 and 'tried again for 1 s' in err, err)


def another_users(tmp):
    if os.geteuid() != 0:
        return
    (tmp / 'a.pcap').write_bytes(capture(PACKETS))
    practice('replay', '--store', tmp / 'store', tmp / 'a.pcap')
    for p in (tmp, tmp.parent, tmp / 'store'):
        p.chmod(0o755)
    (tmp / 'store/practice.db').chmod(0o644)
    with open(PRACTICE, 'rb') as program:  # which may lie where nobody else may look
        r = subprocess.run([f'/proc/self/fd/{program.fileno()}', 'query', 'top', '--store', tmp / 'store'], pass_fds=[program.fileno()], user=65534, group=65534,
                           extra_groups=[], capture_output=True, text=True, timeout=60)
    t.check('flows that may not be read are not no flows', r.returncode == 3 and 'store/log: Permission denied' in r.stderr, (r.returncode, r.stdout, r.stderr))


def interrupted(tmp):
    reader = subprocess.Popen([PRACTICE, 'replay', '-'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    reader.stdin.buffer.write(capture(PACKETS))
    reader.stdin.flush()
    while 'State:\tS' not in pathlib.Path(f'/proc/{reader.pid}/status').read_text() or b'\0replay' not in pathlib.Path(f'/proc/{reader.pid}/cmdline').read_bytes():
        time.sleep(0.02)
    time.sleep(0.2)  # it has asked for what comes next
    reader.send_signal(signal.SIGINT)
    out, err = reader.communicate(timeout=60)
    t.check('a replay that was interrupted does not look like a whole one', reader.returncode == 1 and 'stopped before the end' in err, (reader.returncode, out, err))


def two_runs(tmp):
    (tmp / 'a.pcap').write_bytes(capture(PACKETS))
    run = [PRACTICE, 'run', '--data', tmp / 'data', '--listen', '127.0.0.1:0', tmp / 'a.pcap']
    with open(tmp / 'log', 'w') as log:
        first = subprocess.Popen(run, stderr=log, stdout=log)
    try:
        for _ in range(600):
            if 'Alerts appear' in (tmp / 'log').read_text():
                break
            time.sleep(0.1)
        second = subprocess.run(run, capture_output=True, text=True, timeout=60)
        t.check('a second run in the same directory is refused, with the first one\'s number',
                second.returncode == 1 and f'process {first.pid})' in second.stderr and '--data' in second.stderr, second.stderr)
    finally:
        first.terminate()
        first.wait(60)
    code, out, err = practice('run', '--once', '--data', tmp / 'none', tmp / 'nofile.pcap')
    t.check('a capture that is not there is said at once', code == 3 and err == f'practice: {tmp}/nofile.pcap: No such file or directory\n', err)
    third = subprocess.run([*run, '--once'], capture_output=True, text=True, timeout=60)
    t.check('and goes on when that has ended', third.returncode == 0, third.stderr)


with tempfile.TemporaryDirectory() as d:
    for part in (streams, many, unwritten, no_store, another_users, interrupted, two_runs):
        place = pathlib.Path(d) / part.__name__
        place.mkdir()
        part(place)
nearly_right()
t.done()
