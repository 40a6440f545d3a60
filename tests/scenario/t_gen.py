#!/usr/bin/env python3
"""`practice gen`: an independent reader finds in the captures what the truth file says, and nothing else."""
import collections
import hashlib
import ipaddress
import json
import pathlib
import shutil
import struct
import subprocess
import tempfile

from tap import Tap, practice

t = Tap()
TMP = tempfile.TemporaryDirectory()
BASE = pathlib.Path(TMP.name)


def make(scenario, *args, name=None):
    out = BASE / (name or scenario)
    st, _, err = practice('gen', scenario, '--out', out, *args)
    t.equal(f'gen {scenario} {" ".join(args)} ends well', (st, err), (0, ''))
    return out, json.loads((out / 'truth.json').read_text())


def frames(file):
    data = file.read_bytes()
    magic, = struct.unpack_from('<I', data)
    assert magic in (0xa1b2c3d4, 0xa1b23c4d), hex(magic)
    unit = 1000 if magic == 0xa1b2c3d4 else 1
    at = 24
    while at < len(data):
        sec, frac, cap, length = struct.unpack_from('<IIII', data, at)
        yield sec * 10**9 + frac * unit, data[at + 16:at + 16 + cap], length
        at += 16 + cap
    assert at == len(data)


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    s = sum(struct.unpack(f'>{len(data) // 2}H', data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return s


class Packet:
    """One frame, read by the RFCs; `bad` names what contradicts itself."""

    def __init__(self, frame, length):
        self.bad = self.tool = None
        self.src = self.dst = self.l4 = b''
        self.proto = self.kind = None
        ether, = struct.unpack_from('>H', frame, 12)
        ip = frame[14:]
        if ether == 0x0806:
            self.kind = 'arp'
        elif len(frame) < length:
            self.bad = 'cut-in-ip' if len(ip) < 20 else 'cut-in-tcp'
        elif ether == 0x86dd:
            self.six(ip)
        else:
            self.four(ip)

    def four(self, ip):
        if ip[0] >> 4 != 4:
            self.bad = 'ip-version'
            return
        if ip[0] & 15 < 5:
            self.bad = 'ip-header-length'
            return
        total, self.id, frag = struct.unpack_from('>HHH', ip, 2)
        if total > len(ip):
            self.bad = 'ip-length-beyond-frame'
            return
        if total < 20:
            self.bad = 'ip-length-short'
            return
        assert total == len(ip), 'bytes behind the packet'
        assert checksum(ip[:20]) == 0xffff, 'IP checksum'
        self.ttl, self.proto = ip[8], ip[9]
        self.src, self.dst = ip[12:16], ip[16:20]
        self.fragment = bool(frag & 0x3fff)
        self.transport(ip[20:])

    def six(self, ip):
        n, self.proto = struct.unpack_from('>HB', ip, 4)
        assert ip[0] >> 4 == 6 and n + 40 == len(ip), 'IPv6 length'
        self.ttl, self.src, self.dst, self.fragment, self.id = ip[7], ip[8:24], ip[24:40], False, 0
        l4 = ip[40:]
        if self.proto == 0:
            self.proto, l4 = l4[0], l4[8:]
        self.transport(l4)

    def transport(self, l4):
        self.l4 = l4
        if self.fragment:
            self.kind = 'fragment'
            return
        if self.proto == 6 and (l4[12] >> 4 < 5 or l4[12] >> 4 > len(l4) // 4):
            self.bad = 'tcp-offset-low' if l4[12] >> 4 < 5 else 'tcp-offset-high'
            return
        if self.proto == 17 and struct.unpack_from('>H', l4, 4)[0] != len(l4):
            self.bad = 'udp-length-short'
            return
        pseudo = b'' if self.proto == 1 else self.src + self.dst + struct.pack('>II', len(l4), self.proto)
        assert checksum(pseudo + l4) == 0xffff, f'checksum of protocol {self.proto}'
        self.sport, self.dport = struct.unpack_from('>HH', l4)
        if self.proto == 6:
            self.seq, = struct.unpack_from('>I', l4, 4)
            self.flags, self.window = l4[13], struct.unpack_from('>H', l4, 14)[0]
            self.options = l4[20:(l4[12] >> 4) * 4]

    def layout(self):
        kinds, o = [], self.options
        while o:
            kinds.append(o[0])
            o = o[1:] if o[0] < 2 else o[o[1]:]
        return tuple(kinds)


def tools(p):
    """Every fingerprint of table 5.1 that one SYN can have by itself."""
    low = int.from_bytes(p.dst, 'big')
    found = set()
    if p.flags != 2 or len(p.src) != 4:
        return found
    if p.id == 54321 and p.window == 65535 and not p.options:
        found.add('zmap-old')
    if p.window == 65535 and p.ttl >= 200 and p.layout() in (
            (2,), (2, 1, 3, 1, 1, 4), (2, 4, 8, 1, 3), (2, 1, 3, 1, 1, 8, 4, 0, 0), (2, 1, 3, 1, 1, 8, 4, 0)):
        found.add('zmap')
    if p.id == (low ^ p.dport ^ p.seq) & 0xffff:
        found.add('masscan-old' if p.window == 1024 and not p.options else 'masscan')
    if p.seq == low:
        found.add('mirai')
    if p.window in (1024, 2048, 3072, 4096) and p.layout() == (2,) and p.ttl < 60:
        found.add('nmap')
    return found


def text(b):
    return str(ipaddress.ip_address(b))


def read(out, truth):
    packets = {}
    for s in truth['sensors']:
        last, rows = 0, []
        nets = [ipaddress.ip_network(x) for x in s['prefixes']]
        for at, frame, length in frames(out / f'{s["name"]}.pcap'):
            assert at >= last, 'time runs backwards'
            last = at
            p = Packet(frame, length)
            p.at = at
            if p.dst:
                assert any(ipaddress.ip_address(p.dst) in n for n in nets), 'a destination that is not ours'
            rows.append(p)
        packets[s['name']] = rows
    return packets


def by_hosts(truth, what):
    return {h: p for p in truth['planted'] if p['what'] == what for h in p.get('hosts', [])}


def check_scan():
    out, truth = make('scan', '--hours', '0.25', '--seed', '7')
    seen = read(out, truth)
    for s in truth['sensors']:
        t.equal(f'scan: packets at {s["name"]}', len(seen[s['name']]), s['packets'])
    everything = [p for rows in seen.values() for p in rows]
    t.equal('scan: packets in all', len(everything), truth['packets'])

    planted = {p['name']: p for p in truth['planted']}
    damage = collections.Counter(p.bad for p in everything if p.bad)
    t.equal('scan: every damage, and no other', dict(damage), planted['malformed']['damage'])
    t.equal('scan: fragments', sum(p.kind == 'fragment' for p in everything), planted['fragments']['packets'])
    t.equal('scan: ARP', sum(p.kind == 'arp' for p in everything), planted['arp']['packets'])

    sources = {**by_hosts(truth, 'scanner'), **by_hosts(truth, 'survey')}
    matched, sent, chance = collections.Counter(), collections.Counter(), 0
    constant = collections.defaultdict(collections.Counter)
    for p in everything:
        if p.proto != 6 or p.bad or p.fragment or p.kind:
            continue
        plan = sources.get(text(p.src))
        found = tools(p)
        tool = plan['tool'] if plan else None
        if plan:
            sent[plan['name']] += 1
            key = p.seq ^ int.from_bytes(p.src, 'big') ^ ((p.sport << 16) + p.dport) & 0xffffffff
            constant[plan['name']][(p.src, key if tool == 'unicornscan' else p.seq)] += 1
        if tool in found:
            matched[plan['name']] += 1
        chance += bool(found - {tool})
    for name, plan in planted.items():
        if plan['what'] not in ('scanner', 'survey'):
            continue
        t.equal(f'scan: packets of {name}', sent[name], plan['packets'])
        if plan['tool'] != 'unicornscan':
            t.equal(f'scan: {name}: every packet has the fingerprint', matched[name], sent[name])
        if plan['tool'] in ('unicornscan', 'nmap'):
            t.equal(f'scan: {name}: one constant for each source', len(constant[name]), plan['sources'])
    t.check('scan: others match by chance only', chance <= 3 + len(everything) // 16384, chance)


def check_demo():
    out, truth = make('demo')
    seen = read(out, truth)
    planted = {p['name']: p for p in truth['planted']}
    t.equal('demo: packets in all', sum(map(len, seen.values())), truth['packets'])
    t.check('demo: about 600,000', 500000 < truth['packets'] < 700000, truth['packets'])
    victims = {p['victim']: p for p in truth['planted'] if p.get('victim')}
    counts, sources = collections.Counter(), collections.defaultdict(set)
    quotes = collections.Counter()
    for name, rows in seen.items():
        for p in rows:
            if p.bad or p.kind:
                continue
            if p.proto == 1 and p.l4[0] in (3, 11):
                q = p.l4[8:]
                src, dst = q[12:16], q[16:20]
                counts[text(dst)] += 1
                quotes['cut'] += len(q) < 28 or len(q) == 28
                quotes['wrong'] += src != p.dst
                t_len, = struct.unpack_from('>H', q, 2)
                assert t_len == 20 + 8 + 24
            elif (p.proto == 6 and p.flags in (0x12, 0x14, 4)) or (p.proto == 1 and p.l4[0] == 0) or \
                    (p.proto == 17 and p.sport == 53):
                counts[text(p.src)] += 1
            elif p.proto == 6 and p.dport == 52869 and text(p.src) in planted['group-52869']['hosts']:
                sources['group'].add(p.src)
            elif p.proto == 17 and p.dport == 53413:
                sources['53413'].add(p.src)
    wanted = collections.Counter()
    for p in truth['planted']:
        if p.get('victim'):
            wanted[p['victim']] += p['packets']
    t.equal('demo: answers of every victim, and of nobody else', counts, wanted)
    dns = planted['flood-dns']
    t.equal('demo: truncated and mismatching quotes', (quotes['cut'], quotes['wrong']),
            (dns['quotes_truncated'], dns['quotes_mismatched']))
    t.equal('demo: hosts of the group', len(sources['group']), 250)
    t.equal('demo: the group lives in 250 networks', len({s[:2] for s in sources['group']}), 250)
    t.equal('demo: senders to 53413/udp', len(sources['53413']), planted['surge-53413']['sources'])
    t.equal('demo: what counts as an attack', sorted(p['name'] for p in truth['planted'] if
                                                    p.get('counts_as_attack') is False), ['flood-weak'])
    outage = truth['sensors'][1]['outage']
    t.check('demo: an outage with nothing in it', outage['not_written'] > 1000 and not any(
        outage['from'][:19] <= iso(p.at)[:19] < outage['to'][:19] for p in seen[truth['sensors'][1]['name']]), outage)
    t.check('demo: the victims are different', len(victims) == 9, sorted(victims))


def iso(ns):
    import datetime
    d = datetime.datetime.fromtimestamp(ns // 10**9, datetime.timezone.utc)
    return d.strftime('%Y-%m-%dT%H:%M:%S') + f'.{ns % 10**9:09d}Z'


def check_six():
    out, truth = make('ipv6', '--hours', '0.2', '--nanoseconds')
    seen = read(out, truth)
    everything = [p for rows in seen.values() for p in rows]
    t.equal('ipv6: packets in all, all of them IPv6', (len(everything), all(len(p.src) == 16 for p in everything)),
            (truth['packets'], True))
    udp = next(p for p in truth['planted'] if p['name'] == 'ipv6-udp-flood')
    quoted = [p for p in everything if p.proto == 58 and p.l4[0] in (1, 3)]
    t.equal('ipv6: quotes name the victim', (len(quoted), {text(p.l4[8 + 24:8 + 40]) for p in quoted}),
            (udp['packets'], {udp['victim']}))


def digest(out):
    h = hashlib.sha256()
    for f in sorted(out.iterdir()):
        h.update(f.name.encode() + f.read_bytes())
    return h.hexdigest()


def check_same():
    a, _ = make('flood', '--hours', '0.2', '--seed', '3', name='a')
    b, _ = make('flood', '--hours', '0.2', '--seed', '3', name='b')
    c, _ = make('flood', '--hours', '0.2', '--seed', '4', name='c')
    t.equal('the same arguments give the same bytes', digest(a), digest(b))
    t.check('another seed gives others', digest(a) != digest(c))
    # Written down once: the same on every machine, compiler and libm, or the promise is broken.
    small, _ = make('demo', '--hours', '0.1', '--sensors', '2', name='small')
    t.equal('the bytes of a small demo', digest(small), SMALL_DEMO)


def check_tshark():
    if not shutil.which('tshark'):
        print('# tshark is not installed: not asked')
        return
    out, truth = make('scan', '--hours', '0.05', name='shark')
    six, _ = make('ipv6', '--hours', '0.05', name='shark6')
    planted = next(p for p in truth['planted'] if p['name'] == 'malformed')
    count = 0
    for f in [*out.glob('*.pcap'), *six.glob('*.pcap')]:
        r = subprocess.run(['tshark', '-n', '-r', f, '-Y', '_ws.malformed or ip.version > 6', '-T', 'fields', '-e',
                            'frame.protocols'], capture_output=True, text=True, timeout=200)
        count += len(r.stdout.splitlines())
    t.check('tshark calls nothing malformed that was not planted', count <= planted['packets'],
            (count, planted['packets']))


def check_mistakes():
    for args, want in ((('gen', 'nosuch', '--out', BASE / 'x'), 2), (('gen', 'demo'), 2),
                       (('gen', '--out', '/dev/null/x'), 3), (('gen', 'demo', '--sensors', '17', '--out', BASE), 2)):
        st, _, err = practice(*args)
        t.check(f'{" ".join(map(str, args[1:3]))}: refused with a reason', st == want and err, (st, err))


SMALL_DEMO = 'ddffaf8b97f13334c7d36fe19bf00c2e408244eb146d3bfd3e27d91b50d9b391'
check_scan()
check_demo()
check_six()
check_same()
check_tshark()
check_mistakes()
t.done()
