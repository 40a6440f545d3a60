#!/usr/bin/env python3
"""A capture whose clock was set back in the middle says what it says without that, and that it was; the other sensor's packets
are not late for it; nothing is lost."""
import json
import pathlib
import struct
import tempfile

from tap import Tap, practice

t = Tap()


def set_back(source, to, after, by, right=None):
    """Seconds after the first packet from which on its times are `by` seconds too small, and from which on no more."""
    data, at, first = bytearray(source.read_bytes()), 24, None
    while at < len(data):
        s, _, caplen = struct.unpack_from('<III', data, at)
        first = s if first is None else first
        if after <= s - first < (right or 1e9):
            struct.pack_into('<I', data, at, s - by)
        at += 16 + caplen
    to.write_bytes(data)


def played(*files):
    code, out, err = practice('replay', '--json', '--findings', '--engines', 'glasso,nmf,riskport,surge', *files, timeout=200)
    t.check('it is played', code == 0, err)
    lines = [json.loads(x) for x in out.splitlines()]
    findings = [x['finding'] for x in lines if 'finding' in x]
    return lines[-1]['summary'], {(x['engine'], x['key'], x['state'], x['at']) for x in findings}, err


with tempfile.TemporaryDirectory() as d:
    dir = pathlib.Path(d)
    code, _, err = practice('gen', 'nuisance', '--out', dir, '--seed', '70001', '--hours', '6', timeout=100)
    t.check('a made telescope', code == 0, err)
    tokyo, oslo, other = dir / 'tokyo.pcap', dir / 'frankfurt.pcap', dir / 'back.pcap'
    true, wanted, err = played(f'tokyo={tokyo}', f'oslo={oslo}')
    t.equal('of clocks that were right nothing is said', ([x['set_back'] for x in true['files']], 'clock' in err), ([0, 0], False))
    for what, after, by, right in (('3 minutes', 10200, 180, None), ('40 minutes', 10200, 2400, None), ('3 hours', 10200, 10800, None),
                                   ('1 hour, for half an hour', 10200, 3600, 12000)):
        set_back(tokyo, other, after, by, right)
        summary, found, err = played(f'tokyo={other}', f'oslo={oslo}')
        t.equal(f'{what}: the same findings', (found - wanted, wanted - found), (set(), set()))
        t.equal(f'{what}: the same packets', summary['packets'], true['packets'])
        t.equal(f'{what}: it is counted', [x['set_back'] for x in summary['files']], [1, 0])
        t.check(f'{what}: it is said', 'back.pcap: its clock goes back 1 time, ' in err, err)
    code, out, err = practice('capture', other)
    t.check('so it is by capture', code == 0 and 'its clock goes back 1 time, ' in out and ' late ' not in out, out + err)
t.done()
