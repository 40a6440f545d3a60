#!/usr/bin/env python3
"""Packets behind a number, from the wire to the reader: captures through a whole run into the store; what the operator at the box,
analysts and viewers see of them; the capture file, its reason in the audit, and that tcpdump and `practice capture` read from it
what the API says; the panel in a browser (packets.mjs), with bytes of an attacker. A real capture beside the made one, where it is."""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

from browser import needs
from portalsite import Site
from tap import ROOT, Tap, practice, shared

OWN, SENDER, FLOODER, OUTSIDE = '192.0.2.77', '203.0.113.5', '203.0.113.66', '9.8.7.6'
T0, REASON = 1781776800, 'case 4711: who talks SIP to us?'
EVIL = b'<img src=x onerror="window.hit=1"><script>window.hit=1</script>'
SIP = b'OPTIONS sip:100@192.0.2.77 SIP/2.0\r\nX: ' + EVIL
t = Tap()


def ip(a):
    return bytes(int(x) for x in a.split('.'))


def datagram(src, proto, load, ident=1):
    return struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(load), ident, 0, 52, proto, 0x1234, ip(src), ip(OWN)) + load


def syn(src, sport, dport, seq=0xc000024d):  # of Mirai: the sequence number is the destination
    return datagram(src, 6, struct.pack('>HHIIBBHHH', sport, dport, seq, 0, 0x50, 2, 1024, 0x5678, 0), 0x024d)


def udp(src, sport, dport, load):
    return datagram(src, 17, struct.pack('>HHHH', sport, dport, 8 + len(load), 0x9abc) + load)


def capture(path):
    """A flood of one sender at all ports, and a few packets of others, each of which must be kept."""
    packets = [(i * 0.02, syn(FLOODER, 40000, 1024 + i)) for i in range(6000)]
    packets += [(100 + i, syn(SENDER, 4711, 2000 + i)) for i in range(5)]
    packets += [(20, udp(SENDER, 5060, 5060, SIP)), (21, udp(SENDER, 53, 53, bytes(range(256)) * 2)), (70, syn(OUTSIDE, 1, 23))]
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        for at, data in sorted(packets):
            f.write(struct.pack('<IIII', T0 + int(at), round(at % 1 * 1e6), len(data), len(data)) + data)


def asked(store, *words):
    code, out, err = practice('query', 'packets', *words, '--limit', 10000, '--json', '--store', store)
    t.check(f'practice query packets {" ".join(words)}', code == 0, err)
    return [json.loads(line) for line in out.splitlines()]


def pcap_of(data):
    """(time in ns, bytes, length on the wire) of each packet."""
    magic, _, _, _, _, _, link = struct.unpack('<IHHiIII', data[:24])
    assert (magic, link) == (0xa1b23c4d, 101), (magic, link)
    at, out = 24, []
    while at < len(data):
        s, ns, n, length = struct.unpack('<IIII', data[at:at + 16])
        out.append((s * 10**9 + ns, data[at + 16:at + 16 + n], length))
        at += 16 + n
    return out


def ns_of(text):
    whole, _, part = text.rstrip('Z').partition('.')
    return int(time.mktime(time.strptime(whole, '%Y-%m-%dT%H:%M:%S')) - time.timezone) * 10**9 + int(part.ljust(9, '0') or 0)


def at_the_box(store):
    rows = asked(store, 'sensor=tokyo')
    few = [p for p in rows if p['src'] == SENDER]
    t.equal('each packet of the quiet sender is there', sorted(p['dport'] for p in few), [53, *range(2000, 2005), 5060])
    t.check('of the flooding one at most eight a minute', 0 < sum(p['src'] == FLOODER for p in rows) <= 24, len(rows))
    sip = next(p for p in few if p['dport'] == 5060)
    t.equal('the operator at the box sees whom it was sent to', sip['dst'], OWN)
    t.equal('and its bytes as they came', bytes.fromhex(sip['bytes']), udp(SENDER, 5060, 5060, SIP)[:256])
    long = next(p for p in few if p['dport'] == 53)
    t.equal('the first 256 of a long one, and how long it was', (len(long['bytes']) // 2, long['len'], long['head']), (256, 540, 28))
    t.equal('filters: a port', [p['dport'] for p in asked(store, 'port=5060/udp', 'sensor=tokyo')], [5060])
    t.equal('a sender', len(asked(store, f'src={OUTSIDE}')), 1)
    t.equal('a time', len(asked(store, f'src={SENDER}', f'from=@{T0 + 100}')), 5)


def a_real_attack(base):
    """On the LSASS service of a honeypot, 2009: what it sent is among the samples of a replay."""
    file = shared('data/darknet/pcap/honeynet_0110_attack-trace.pcap')
    if not file:
        return
    code, _, err = practice('replay', '--quiet', '--store', base / 'real', f'real={file}')
    rows = asked(base / 'real', 'sensor=real') if code == 0 else []
    t.check('a real attack is kept with what it sent', any(p['proto'] == 6 and p['head'] < len(p['bytes']) // 2 and p['dport'] == 445 for p in rows), err or rows[:3])
    frames = subprocess.run(['tcpdump', '-nr', file, '-w', '-', '--time-stamp-precision=nano'], capture_output=True, timeout=60).stdout
    t.check('each of them stands in the capture, byte for byte', 10 < len(rows) and all(bytes.fromhex(p['bytes']) in frames for p in rows), len(rows))


def over_the_api(site, cookies):
    get = lambda who, path: site.ask('GET', '/api/v1' + path, cookie=cookies[who])
    st, _, body = get('analyst', f'/packets?src={SENDER}&limit=100')
    rows = json.loads(body)['rows'] if st == 200 else []
    t.check('an analyst sees those of the own part of the world', len(rows) == 7, body[:400])
    own = (OWN.encode(), ip(OWN), ip(OWN)[::-1])
    t.check('without our own address, as a field, in headers, sequence numbers and text',
            rows and all(p['dst'] == '::' and p['masked'] and not any(x in bytes.fromhex(p['bytes']) for x in own) for p in rows), rows)
    sip = next(p for p in rows if p['dport'] == 5060)
    t.check('what the sender said else is there', EVIL in bytes.fromhex(sip['bytes']), sip)
    t.equal('others\' are not', (get('analyst', f'/packets?src={OUTSIDE}')[0], json.loads(get('analyst', '/packets?port=23/tcp')[2])['rows']), (403, []))
    t.equal('a viewer sees none', [get('viewer', p)[0] for p in ('/packets', '/query?what=packets')], [403, 403])
    st, h, body = get('analyst', f'/packets?src={SENDER}&limit=2')
    page = json.loads(body)
    again = json.loads(get('analyst', f'/packets?src={SENDER}&limit=2&cursor={page["next"]}')[2])
    t.check('pages', page['truncated'] and not {p['id'] for p in page['rows']} & {p['id'] for p in again['rows']}, again)
    lines = get('analyst', f'/packets?src={SENDER}&format=csv')[2].decode().splitlines()
    t.check('as CSV', lines[0].startswith('id,sensor,at,src,dst') and len(lines) == 8, lines[:2])
    t.equal('as NDJSON', len(get('analyst', f'/packets?src={SENDER}&format=ndjson')[2].splitlines()), 7)
    return rows


def as_a_file(site, cookies, rows, base):
    post = lambda who, body: site.ask('POST', '/api/v1/packets/pcap', body, cookie=cookies[who])
    t.equal('no reason, no file', [post('analyst', b)[0] for b in ({'q': ''}, {'q': '', 'reason': ''}, {'q': '', 'reason': 'x' * 501}, {'q': 'x=1', 'reason': 'y'},
                                                                           {'q': '', 'reason': ' '}, {'q': '', 'reason': '\u00a0\u3000'}, {'q': '', 'reason': 'a\tb'}, {'q': '', 'reason': '\x01'})], [400] * 8)
    t.equal('a viewer gets none', post('viewer', {'q': '', 'reason': 'I am curious'})[0], 403)
    q = f'src={SENDER} from=@{T0}'
    st, h, data = post('analyst', {'q': q, 'reason': REASON})
    t.equal('the file', (st, h.get('content-type'), h.get('content-disposition')), (200, 'application/vnd.tcpdump.pcap', 'attachment; filename="practice.pcap"'))
    t.equal('its packets are those of the API', sorted(pcap_of(data)), sorted((ns_of(p['at']), bytes.fromhex(p['bytes']), p['len']) for p in rows))
    t.check('in order of time', [p[0] for p in pcap_of(data)] == sorted(p[0] for p in pcap_of(data)))
    st, h, two = post('analyst', {'q': q + ' limit=2', 'reason': REASON})
    t.equal('when there are more, that is said', (len(pcap_of(two)), h.get('x-truncated')), (2, '1'))
    t.equal('it has the newest, as the page', pcap_of(two), pcap_of(data)[-2:])
    old = post('analyst', {'q': q + ' limit=2 order=oldest', 'reason': 'how it began'})[2]
    t.equal('or the oldest, when they are asked for', pcap_of(old), pcap_of(data)[:2])
    file = base / 'got.pcap'
    file.write_bytes(data)
    said = subprocess.run(['tcpdump', '-nr', file], capture_output=True, text=True, timeout=60)
    t.check('tcpdump reads them', said.returncode == 0 and len(said.stdout.splitlines()) == 7 and f'{SENDER}.5060 >' in said.stdout, said.stdout + said.stderr)
    code, out, err = practice('capture', '--json', file)
    t.check('so do we', code == 0 and '"frames":7' in out.replace(' ', ''), out + err)
    audit = json.loads(site.ask('GET', '/api/v1/audit?limit=1000', cookie=cookies['admin'])[2])
    lines = [x for x in json.dumps(audit).split('{') if REASON in x]
    t.check('each file has its line in the audit, with question and reason', len(lines) == 2 and all('"pcap"' in x and SENDER in x and 'analyst' in x for x in lines), lines)


def all_of_it(base):
    capture(base / 'tokyo.pcap')
    a_real_attack(base)
    with Site(conf=f"sensors:\n  - {{name: tokyo, files: '{base}/tokyo.pcap'}}\n", scope='203.0.113.0/24', start=('run',)) as site:
        cookies = {who: site.session(who) for who in ('viewer', 'analyst', 'admin')}
        for _ in range(300):
            st, _, body = site.ask('GET', f'/api/v1/packets?src={SENDER}', cookie=cookies['analyst'])
            if st == 200 and len(json.loads(body)['rows']) == 7:
                break
            time.sleep(0.1)
        at_the_box(site.base / 'data/store')
        as_a_file(site, cookies, over_the_api(site, cookies), base)
        seen = subprocess.run(['node', ROOT / 'tests/browser/packets.mjs', f'http://127.0.0.1:{site.port}/', cookies['analyst'], cookies['viewer']],
                              stdout=subprocess.PIPE, text=True, timeout=200, env={**os.environ, 'PRACTICE_SOURCE': str(ROOT)})
        for line in seen.stdout.splitlines():
            if line.startswith(('ok ', 'not ok ')):
                t.check(line.split(' - ', 1)[1], line.startswith('ok'))
            elif not line.startswith('1..'):
                print(line)
        t.equal('the browser came to the end', seen.returncode, 0)


needs()
with tempfile.TemporaryDirectory() as d:
    all_of_it(pathlib.Path(d))
t.done()
