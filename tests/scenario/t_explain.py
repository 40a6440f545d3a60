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


def packet(i, src, sport, dport, flags):
    dst = bytes([198, 51, 100, i % 200 + 1])
    tcp = struct.pack('>HHIIBBHHH', sport, dport, i, 1, 0x50, flags, 29200, 0, 0)
    ip = struct.pack('>BBHHHBBH', 0x45, 0, 40, i & 0xffff, 0, 50, 6, 0) + bytes(src) + dst
    return b'\x02' * 6 + b'\x04' * 6 + b'\x08\x00' + ip + tcp


def syn_ack(i):
    """203.0.113.9:80 answers one of our addresses."""
    return packet(i, [203, 0, 113, 9], 80, 1024 + i % 5000, 0x12)


def syn(i, host, port):
    return packet(i, [203, 0, 113, host], 40000 + i, port, 2)


def capture(path, packets):
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for at, p in packets:
            f.write(struct.pack('<IIII', at, 0, len(p), len(p)) + p)


def view(*args):
    """The lines of `explain --json`, what was seen among them."""
    status, out, err = practice('explain', *args, '--json')
    recs = [json.loads(line) for line in out.splitlines()]
    return next((r['view'] for r in recs if 'view' in r), {'status': status, 'err': err})


t = Tap()
with tempfile.TemporaryDirectory() as tmp:
    pcap, store = os.path.join(tmp, 'flood.pcap'), os.path.join(tmp, 'store')
    capture(pcap, [(T0 + i, syn_ack(i)) for i in range(300)])
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
    t.equal('a key is as good as an id', by_key, out.replace(f'"what":"{aid}"', '"what":"victim:203.0.113.9/tcp"'))
    status, one, err = practice('explain', fid, '--store', store)
    t.check('a finding alone', status == 0 and 'ALERT' not in one and fid in one, one + err)
    status, one, err = practice('explain', 'a0000000000000000', '--store', store)
    t.check('what is not there is said', status == 1 and 'no alert or finding' in err, err)

    # What was seen: of the alert, its finding, the host, its network, a port.
    minutes = [{'at': f'2015-01-01T00:0{m}:00Z', 'packets': 60, 'hosts': 1} for m in range(5)]
    for what in (aid, fid, '203.0.113.9', '203.0.113.0/24'):
        v = view(what, '--store', store)
        t.equal(f'{what}: its minutes', v['steps'], minutes)
        t.equal(f'{what}: its sensor', [(g['name'], g['packets'], g['first'], g['last']) for g in v['sensors']],
                [('tokyo', 300, '2015-01-01T00:00:00Z', '2015-01-01T00:04:59Z')])
        t.equal(f'{what}: its marks', {g['name']: g['packets'] for g in v['marks']},
                {'backscatter': 300, 'bogon': 300})
        t.check(f'{what}: flows are kept', v['flows'] == 'kept' and v['step_s'] == 60, v)
    v = view('203.0.113.9', '--store', store)
    t.equal('the host is named by its story', [(r['key'], r['findings']) for r in v['named_by']],
            [('victim:203.0.113.9/tcp', len(findings))])
    t.equal('the host has 200 targets, the biggest are told', (len(v['targets']), v['targets'][0]['packets']), (64, 2))
    status, page, err = practice('explain', '203.0.113.9', '--store', store)
    for words in ('HOST 203.0.113.9', '▇' if '▇' in page else '█', '300 packets of 1 host', 'findings that name it'):
        t.check(f'the page of a host says {words!r}', words in page, page + err)
    status, page, err = practice('explain', '192.0.2.1', '--store', store)
    t.check('a host that was not seen', status == 0 and 'nothing was seen of it' in page, page + err)

    # Twenty hosts that move as one, and five that do not; then three days, and retention.
    group = [(T0 + 600 * k + h, syn(20 * k + h, 100 + h, 52869)) for k in range(6) for h in range(20)]
    noise = [(T0 + 60 * (7 * k % 60) + 50, syn(k, 200 + k % 5, 52869)) for k in range(60)]
    capture(pcap, sorted(group + noise))
    macro = os.path.join(tmp, 'macro')
    practice('replay', '--quiet', '--sensor', 'tokyo', '--store', macro, pcap)
    v = view('52869/tcp', '--store', macro, '--limit', '22')
    t.equal('a port: its hosts', (v['hosts'], len(v['lines']), v['more_lines']), (25, 22, 3))
    t.check('a port: those that move as one come first', all(100 <= int(x['host'].split('.')[3]) < 120
                                                             for x in v['lines'][:20]), v['lines'])
    t.equal('a port: what one of them did', v['lines'][0]['steps'], [[10 * k, 1] for k in range(6)])
    t.equal('a port: its days, from roll-ups', v['days'], [{'at': '2015-01-01T00:00:00Z', 'packets': 180, 'hosts': 25}])
    v = view('52869/tcp', '--store', macro, '--from', '2015-01-01T00:10:00Z', '--to', '2015-01-01T00:11:00Z')
    t.equal('a port: the time asked for', (v['packets'], v['span']),
            (sum(T0 + 600 <= at < T0 + 660 for at, _ in group + noise),
             {'from': '2015-01-01T00:10:00Z', 'to': '2015-01-01T00:11:00Z'}))
    capture(pcap, [(T0 + 3 * 86400 + i, syn(i, 9, 23)) for i in range(100)])
    with open(conf, 'w') as f:
        f.write('store:\n  embedded:\n    retention: 24h\n')
    practice('replay', '--quiet', '--config', conf, '--sensor', 'tokyo', '--store', macro, pcap)
    span = ('--from', '2015-01-01', '--to', '2015-01-02')
    v = view('52869/tcp', '--store', macro, *span)
    t.equal('retention: said, and the days are still known',
            (v['flows'], v['kept']['from'], [d['packets'] for d in v['days']]), ('removed', '2015-01-04T00:00:00Z', [180]))
    status, page, err = practice('explain', '52869/tcp', '--store', macro, *span)
    t.check('retention: the page says it', 'removed by retention' in page and 'first day 2015-01-01' in page, page + err)
    status, page, err = practice('explain', '203.0.113.100', '--store', macro, '--from', '2015-01-03')
    t.check('retention: a part of the time', 'have been removed by retention' in page, page + err)
t.done()
