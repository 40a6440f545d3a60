#!/usr/bin/env python3
"""The simulated telescope hour (3 million packets, made by the generator beside the data): the victims of spoofed floods
must be exactly those of the reference list. Takes 30 s and 230 MB of scratch space."""
import json
import os
import subprocess
import tempfile

from tap import Tap, practice, shared, skip

GEN, WANT = shared('bench/darknet/gen_pcap.py'), shared('bench/darknet/corsaro_dos_tel3m.json')
if not GEN or not WANT:
    skip('the generator and the reference list are not beside the checkout (bench/darknet/)')
PY = '/usr/bin/python3'
if subprocess.run([PY, '-c', 'import numpy'], capture_output=True).returncode != 0:
    skip('the generator needs numpy')

t = Tap()
with tempfile.TemporaryDirectory() as tmp:
    pcap = os.environ.get('PRACTICE_TEL3M') or os.path.join(tmp, 'tel3m.pcap')
    if not os.path.exists(pcap):
        subprocess.run([PY, GEN, pcap, '3000000', '1'], check=True, timeout=200)
    status, out, err = practice('replay', '--json', '--engines', 'backscatter', pcap)
    alerts = [json.loads(line)['alert'] for line in out.splitlines() if '"alert"' in line]
with open(WANT) as f:
    want = sorted(json.load(f))
t.equal('replay succeeds', status, 0)
t.equal('the victims are those of the reference list', sorted({a['hosts'][0] for a in alerts}), want)
t.equal('each is one alert', len({a['id'] for a in alerts}), len(want))
t.equal('and each has closed', sum(a['state'] == 'close' for a in alerts), len(want))
t.done()
