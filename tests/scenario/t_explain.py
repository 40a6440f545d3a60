#!/usr/bin/env python3
"""From packets to an alert and back: a made flood is replayed into a store, then explained."""
import json
import os
import struct
import tempfile

from tap import Tap, practice, skip

if '--store' not in practice('replay', '--help')[1]:
    skip('replay cannot write a store yet')

T0 = 1420070400  # 2015-01-01T00:00:00Z


def syn_ack(i):
    """203.0.113.9:80 answers one of our addresses."""
    dst = bytes([198, 51, 100, i % 200 + 1])
    tcp = struct.pack('>HHIIBBHHH', 80, 1024 + i % 5000, i, 1, 0x50, 0x12, 29200, 0, 0)
    ip = struct.pack('>BBHHHBBH', 0x45, 0, 40, i & 0xffff, 0, 50, 6, 0) + bytes([203, 0, 113, 9]) + dst
    return b'\x02' * 6 + b'\x04' * 6 + b'\x08\x00' + ip + tcp


t = Tap()
with tempfile.TemporaryDirectory() as tmp:
    pcap, store = os.path.join(tmp, 'flood.pcap'), os.path.join(tmp, 'store')
    with open(pcap, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(300):
            p = syn_ack(i)
            f.write(struct.pack('<IIII', T0 + i, 0, len(p), len(p)) + p)
    status, out, err = practice('replay', '--json', '--findings', '--sensor', 'tokyo', '--store', store, pcap)
    t.equal('replay into a store succeeds', status, 0)
    recs = [json.loads(line) for line in out.splitlines()]
    alerts = [r['alert'] for r in recs if 'alert' in r]
    findings = [r['finding'] for r in recs if 'finding' in r]
    t.check('there is one story', len({a['id'] for a in alerts}) == 1 and findings, out)
    aid, fid = alerts[0]['id'], findings[0]['id']

    status, page, err = practice('explain', aid, '--store', store, '--rows', '5')
    t.equal('explain succeeds', status, 0)
    for words in (f'ALERT {aid}', 'victim:203.0.113.9/tcp', fid, 'engine backscatter, version', '(as now)', 'seed 1',
                  'EVIDENCE: practice query flows src=203.0.113.9 marks=backscatter', 'tokyo', '80/tcp', '203.0.113.9'):
        t.check(f'the page says {words!r}', words in page, page + err)
    conf = os.path.join(tmp, 'other.yaml')
    with open(conf, 'w') as f:
        f.write('engine:\n  backscatter:\n    min-packets: 26\n')
    page = practice('explain', aid, '--store', store, '--config', conf)[1]
    t.check('other settings are seen', '(other than now)' in page, page)

    status, out, err = practice('explain', aid, '--store', store, '--json', '--rows', '7')
    recs = [json.loads(line) for line in out.splitlines()]
    t.equal('JSON: the last revision, every finding, seven rows',
            [sum(k in r for r in recs) for k in ('alert', 'finding', 'flow')], [1, len(findings), 7])
    t.equal('JSON: the alert as it was said last', recs[0]['alert'], alerts[-1])
    t.equal('JSON: the findings as they were said', [r['finding'] for r in recs if 'finding' in r], findings)
    t.check('JSON: the rows are the victim\'s', all(r['flow']['src'] == '203.0.113.9' for r in recs if 'flow' in r), out)

    status, by_key, err = practice('explain', 'victim:203.0.113.9/tcp', '--store', store, '--json', '--rows', '7')
    t.equal('a key is as good as an id', by_key, out)
    status, one, err = practice('explain', fid, '--store', store)
    t.check('a finding alone', status == 0 and 'ALERT' not in one and fid in one, one + err)
    status, one, err = practice('explain', 'a0000000000000000', '--store', store)
    t.check('what is not there is said', status == 1 and 'no alert or finding' in err, err)
t.done()
