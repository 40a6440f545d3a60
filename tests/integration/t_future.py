#!/usr/bin/env python3
"""A sensor whose clock is seventy years ahead: the others' records stay, and at a hub, where it is another's machine, what
it says is refused and said."""
import json
import os
import pathlib
import shutil
import struct
import tempfile

from natslab import Lab
from tap import Tap
from whole_run import MINUTES, SENSORS, Run, capture

AHEAD = 70 * 365 * 86400
PACKETS = MINUTES * 120 + 11 * 300


def shift(path):
    b = bytearray(path.read_bytes())
    at = 24
    while at < len(b):
        seconds, _, size, _ = struct.unpack_from('<IIII', b, at)
        struct.pack_into('<I', b, at, seconds + AHEAD)
        at += 16 + size
    path.write_bytes(b)


def packets(run):
    out = dict.fromkeys(SENSORS, 0)
    for line in run.records()['flows']:
        row = json.loads(line)
        out[row['sensor']] += row['packets']
    return out


def main():
    t = Tap()
    base = tempfile.mkdtemp(prefix='practice-future-')
    os.chmod(base, 0o755)
    lab = Lab(tempfile.mkdtemp(prefix='practice-future-bus-'))
    try:
        for i, s in enumerate(SENSORS):
            capture(f'{base}/{s}.pcap', i, f'10.{i}.0')
        shift(pathlib.Path(base, 'oslo.pcap'))
        box = Run(base, 'box', 0, conf='store:\n  embedded:\n    retention: 36500d\n')
        t.equal('one box: the run ends by itself', box.wait(), 0)
        t.equal('... and nothing is taken for old', packets(box), dict.fromkeys(SENSORS, PACKETS))
        server = lab.server('one')
        hub = Run(base, 'hub', 0, conf=pathlib.Path(server.settings()).read_text())
        t.equal('over nats: the run ends by itself', hub.wait(), 0)
        t.equal('... what is dated in the future is left out', packets(hub),
                {s: 0 if s == 'oslo' else PACKETS for s in SENSORS})
        said = [json.loads(x) for x in hub.log().splitlines() if x.startswith('{')]
        for role in ('store', 'engine'):
            t.check(f'... {role} says so', any(x['role'] == role and 'in the future' in x['text'] for x in said), hub.log()[-2000:])
        t.check('... and the others\' flood is found', any(json.loads(x)['key'] == 'victim:203.0.113.9/tcp'
                                                         for x in hub.records()['alerts']), hub.records()['alerts'][:2])
    finally:
        lab.close()
        shutil.rmtree(lab.dir, ignore_errors=True)
        shutil.rmtree(base, ignore_errors=True)
    t.done()


main()
