#!/usr/bin/env python3
"""The simulated telescope hour (3 million packets): the victims of spoofed floods must be exactly those of the reference
list."""
import json

from tap import Tap, practice, shared, skip
from telescope import telescope_hour

WANT = shared('bench/darknet/corsaro_dos_tel3m.json')
if not WANT:
    skip('the reference list is not beside the checkout (bench/darknet/)')

t = Tap()
with telescope_hour() as pcap:
    status, out, err = practice('replay', '--json', '--engines', 'backscatter', pcap)
    alerts = [json.loads(line)['alert'] for line in out.splitlines() if '"alert"' in line]
with open(WANT) as f:
    want = sorted(json.load(f))
t.equal('replay succeeds', status, 0)
t.equal('the victims are those of the reference list', sorted({a['hosts'][0] for a in alerts}), want)
t.equal('each is one alert', len({a['id'] for a in alerts}), len(want))
t.equal('and each has closed', sum(a['state'] == 'close' for a in alerts), len(want))
t.done()
