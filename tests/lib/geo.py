"""Where the addresses of made traffic are: a country database (MaxMind DB 2.0) and a list of networks for lookup, out of
the table that `practice gen` draws its senders from."""
import re

from tap import ROOT

PLACE = re.compile(r'\{"([A-Z]{2})", \d+, \{(.*?)\}\},')
BLOCK = re.compile(r'\{(\d+), (\d+), (\d+)')


def blocks():
    """(country, first address, bits), wider ones first."""
    text = (ROOT / 'src/gen/world.c').read_text()
    found = {(cc, int(a) << 24 | int(b) << 16, int(bits)) for cc, rest in PLACE.findall(text) for a, b, bits in BLOCK.findall(rest)}
    return sorted(found, key=lambda x: (x[2], x[1]))


def networks(path):
    """start,end,asn,name: each country's networks are AS64512 and on. Returns {country: asn}."""
    asns, rows = {}, []
    for cc, net, bits in blocks():
        asn = asns.setdefault(cc, 64512 + len(asns))
        rows.append((net, net | (1 << 32 - bits) - 1, asn, f'Networks of {cc}'))
    text = lambda v: '.'.join(str(v >> s & 255) for s in (24, 16, 8, 0))
    path.write_text(''.join(f'{text(a)},{text(b)},{asn},"{name}"\n' for a, b, asn, name in sorted(rows)))
    return asns


def country_mmdb(path, built=1375833600):
    """An IPv4 tree of 24-bit records. A block inside a wider one of the same country changes nothing."""
    nodes, data, at = [[None, None]], b'', {}
    for cc, net, bits in blocks():
        if cc not in at:
            at[cc] = len(data)
            data += b'\xe1\x47country\xe1\x48iso_code\x42' + cc.encode()
        node = 0
        for i in range(bits):
            side = net >> 31 - i & 1
            there = nodes[node][side]
            if isinstance(there, str):
                break
            if i == bits - 1:
                nodes[node][side] = cc
            elif there is None:
                nodes.append([None, None])
                nodes[node][side] = len(nodes) - 1
            node = nodes[node][side]
    n, out = len(nodes), b''
    for pair in nodes:
        for x in pair:
            out += (n if x is None else x if isinstance(x, int) else n + 16 + at[x]).to_bytes(3, 'big')
    word = lambda s: bytes([2 << 5 | min(len(s), 29)]) + (bytes([len(s) - 29]) if len(s) >= 29 else b'') + s.encode()
    u16 = lambda v: bytes([5 << 5 | 2]) + v.to_bytes(2, 'big')
    meta = {'node_count': bytes([6 << 5 | 4]) + n.to_bytes(4, 'big'), 'record_size': u16(24), 'ip_version': u16(4),
            'database_type': word('made'), 'languages': b'\x00\x04', 'binary_format_major_version': u16(2),
            'binary_format_minor_version': u16(0), 'build_epoch': b'\x08\x02' + built.to_bytes(8, 'big'), 'description': b'\xe0'}
    tail = bytes([7 << 5 | len(meta)]) + b''.join(word(k) + v for k, v in meta.items())
    path.write_bytes(out + bytes(16) + data + b'\xab\xcd\xefMaxMind.com' + tail)
