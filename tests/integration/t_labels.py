#!/usr/bin/env python3
"""The simulated telescope hour (3 million packets): who uses which scanning tool, against the rules as they are published,
read here with nothing of ours. A source is truly of a tool when it sent at least three SYNs and every one fits the rule
(a masscan or ZMap match comes by chance in one of 65,536 packets, so one packet says nothing)."""
import collections
import json
import struct

from tap import Tap, practice
from telescope import telescope_hour

SYNS = 3


def syns(path):
    """(src, dst, sport, dport, seq, ip id, ttl, window, options) of every TCP SYN of an Ethernet/IPv4 capture."""
    with open(path, 'rb') as f:
        b = f.read()
    magic, link = struct.unpack_from('<I', b)[0], struct.unpack_from('<I', b, 20)[0]
    assert (magic, link) == (0xa1b2c3d4, 1), 'microseconds, little-endian, Ethernet'
    at, end = 24, len(b)
    record, ip, tcp = struct.Struct('<8xI4x'), struct.Struct('>4xH2xBBxxII'), struct.Struct('>HHI4xBBH')
    while at < end:
        frame = at + 16
        at = frame + record.unpack_from(b, frame - 16)[0]
        if b[frame + 12:frame + 14] != b'\x08\x00':
            continue
        ident, ttl, proto, src, dst = ip.unpack_from(b, frame + 14)
        if proto != 6:
            continue
        head = frame + 14 + (b[frame + 14] & 15) * 4
        sport, dport, seq, offset, flags, window = tcp.unpack_from(b, head)
        if flags & 0x17 == 0x02:  # SYN without ACK, RST, FIN
            yield src, dst, sport, dport, seq, ident, ttl, window, b[head + 20:head + (offset >> 4) * 4]


def zmap(s):  # until 2023: zmap src/probe_modules/packet.c
    return s[5] == 54321 and s[7] == 65535


def masscan(s):  # masscan src/templ-pkt.c
    return s[5] == (s[1] ^ s[3] ^ s[4]) & 0xffff


def old_masscan(s):  # Corsaro's large-scale scan: libcorsaro_filtering.c
    return s[6] >= 200 and s[7] == 1024 and not s[8]


def mirai(s):  # Mirai's scanner.c
    return s[4] == s[1]


def nmap(s, first):  # one sequence number a run; its window sizes; MSS 1460 as the only option
    return s[7] in (1024, 2048, 3072, 4096) and s[8] == b'\x02\x04\x05\xb4' and s[4] == first[4]


def unicornscan(s, first):  # one key a process
    def key(x):
        return x[4] ^ x[0] ^ ((x[2] << 16) + x[3] & 0xffffffff)
    return key(s) == key(first)


OF_PACKET = {'zmap': zmap, 'masscan': masscan, 'masscan (old)': old_masscan, 'mirai': mirai}
OF_SOURCE = {'nmap': nmap, 'unicornscan': unicornscan}


def truth(path):
    """{source: tool}; every rule is held against every SYN of a source until one does not fit."""
    seen = {}  # source: [first SYN, how many, rules that fit all so far]
    for s in syns(path):
        mine = seen.get(s[0])
        if mine is None:
            mine = seen[s[0]] = [s, 0, {*OF_PACKET, *OF_SOURCE}]
        mine[1] += 1
        for name in list(mine[2]):
            if not (OF_PACKET[name](s) if name in OF_PACKET else OF_SOURCE[name](s, mine[0])):
                mine[2].discard(name)
    found = {}
    for src, (_, n, rules) in seen.items():
        tools = {r.removesuffix(' (old)') for r in rules}
        if n >= SYNS and tools:
            assert len(tools) == 1, (src, tools)
            found['.'.join(map(str, src.to_bytes(4, 'big')))] = tools.pop()
    return found


t = Tap()
with telescope_hour() as pcap:
    status, out, err = practice('capture', '--json', '--tools', pcap)
    want = truth(pcap)
t.equal('capture succeeds', status, 0)
saw = {x['source']: x['tool'] for x in json.loads(out)['tools']}
t.check('the hour has sources of three tools', set(want.values()) == {'zmap', 'masscan', 'mirai'} and len(want) >= 200,
        collections.Counter(want.values()))
t.equal('no source is missed', sorted(want.keys() - saw.keys()), [])
t.equal('no source is labelled that is not of a tool', sorted(saw.keys() - want.keys()), [])
t.equal('every label is the right tool', {k: v for k, v in saw.items() if want.get(k, v) != v}, {})
print(f'# {len(saw)} labels for {len(want)} sources: {dict(collections.Counter(saw.values()))}')
t.done()
