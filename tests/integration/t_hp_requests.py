"""Requests from real captures and probe payloads, sent to a whole honeypot on loopback: each is recorded as its own
vector and as no other. The files lie beside the checkout; vectors that are not compiled in are left out."""
import collections
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import time

from tap import PRACTICE, ROOT, Tap, shared, skip

OFFSET = 6000 + os.getpid() % 50 * 100 + 50
PROBES = {  # file: port, vectors
    'ard_3283': (3283, 'ard'), 'bacnet_47808': (47808, 'bacnet'), 'bacnet_rpm_47808': (47808, 'bacnet_multiple'),
    'chargen_19': (19, 'chargen'), 'citrix_1604': (1604, 'citrix'), 'coap_5683': (5683, 'coap'), 'db2_523': (523, 'db2'),
    'db2disco_523': (523, 'db2'), 'digi1_2362': (2362, 'digi_addp'), 'digi2_2362': (2362, 'digi_addp'),
    'digi3_2362': (2362, 'digi_addp'), 'dns_53': (53, 'dns'), 'dns_53_queryAwww.google.com': (53, 'dns'),
    'dtls1.2_443_client_hello': (443, 'dtls'), 'ipmi_623': (623, 'ipmi'), 'ldap_389': (389, 'cldap'),
    'mdns_5353': (5353, 'mdns'), 'memcache_11211': (11211, 'memcached'), 'mssql_1434': (1434, 'mssql'),
    'natpmp_5351': (5351, 'natpmp'), 'nat_port_mapping_5351': (5351, 'natpmp'), 'netbios_137': (137, 'netbios'),
    'netis_53413': (53413, 'netis'), 'ntp_123': (123, 'ntp_client'), 'ntp_123_monlist': (123, 'ntp_monlist'),
    'openvpn_1194': (1194, 'openvpn'), 'pca_nq_5632': (5632, 'pcanywhere'), 'pca_st_5632': (5632, 'pcanywhere'),
    'portmap_111': (111, 'portmap'), 'qotd_17': (17, 'qotd'), 'quic_ping_443': (443, 'quic quic_source quic_other quic_short'),
    'rdp_3389': (3389, 'rdpeudp'), 'ripv1_520': (520, 'ripv1'), 'sentinel_5093': (5093, 'sentinel'),
    'sip_5060': (5060, 'sip'), 'snmp1_161': (161, 'snmp'), 'snmp2_161': (161, 'snmp'), 'ssdp_1900': (1900, 'ssdp'),
    'tftp_69': (69, 'tftp'), 'ubiquiti_discovery_v1_10001': (10001, 'ubiquiti'), 'upnp_1900': (1900, 'ssdp'),
    'ubiquiti_discovery_v2_10001': (10001, 'ubiquiti'), 'valve_27015': (27015, 'a2s'),
    'wdbrpc_17185': (17185, 'vxworks_wdb'), 'wsd_3702': (3702, 'wsd'), 'wsd_malformed_3702': (3702, 'wsd'),
    'xdmcp_177': (177, 'xdmcp'),
}
CAPTURES = {  # file: port, vectors, port to send it to
    'ndpi_rmcp.pcap': (623, 'ipmi asf_ping'), 'ndpi_ssdp-m-search.pcap': (32412, 'plex'), 'ndpi_bacnet.pcap': (47808, 'bacnet'),
    'ndpi_natpmp.pcap': (5351, 'natpmp'), 'ndpi_steam.pcapng': (27036, 'steam_remote'), 'ndpi_bfd.pcap': (3784, 'bfd'),
    'ndpi_stun.pcap': (3478, 'stun'), 'ndpi_dtls2.pcap': (61457, 'dtls', 4433), 'ndpi_rx.pcap': (7002, 'afs_rx'),
    'ndpi_raknet.pcap': (60030, 'raknet'), 'ndpi_xdmcp.pcap': (177, 'xdmcp'), 'ndpi_gquic.pcap': (443, 'quic_other quic quic_short'),
    'tcpdump_ntp-mode7.pcap': (123, 'ntp_monlist'), 'ndpi_snmp.pcap': (161, 'snmp'), 'ndpi_sip.pcap': (5060, 'sip'),
}
FIRST_ONLY = {'ndpi_xdmcp.pcap': 1, 'ndpi_dtls2.pcap': 1, 'ndpi_raknet.pcap': 1, 'ndpi_rx.pcap': 1, 'ndpi_stun.pcap': 1,
              'ndpi_sip.pcap': 1}
# What a capture holds beside requests: announcements and sessions in progress, which are no requests.
ANSWER = {'ndpi_steam.pcapng': lambda p: b'\0\0\0\x08\x08\x10' in p, 'ndpi_bfd.pcap': lambda p: p[8:12] != bytes(4)}
# A role may not read /proc, which the leak checker of sanitizer builds wants at the end.
ENV = dict(os.environ, ASAN_OPTIONS=os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0')
t = Tap()


def frames(d):
    """(link, frame) of a pcap or pcapng file's bytes"""
    if d[:4] == b'\x0a\x0d\x0d\x0a':
        at, links = 0, []
        while at + 12 <= len(d):
            kind, size = struct.unpack('<II', d[at:at + 8])
            if size < 12:
                return
            b = d[at + 8:at + size - 4]
            if kind == 1:
                links.append(struct.unpack('<H', b[:2])[0])
            if kind == 6:
                n, _, _, cap, _ = struct.unpack('<IIIII', b[:20])
                yield links[n], b[20:20 + cap]
            at += size
        return
    e = '<' if d[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
    link, at = struct.unpack(e + 'I', d[20:24])[0], 24
    while at + 16 <= len(d):
        cap = struct.unpack(e + 'I', d[at + 8:at + 12])[0]
        yield link, d[at + 16:at + 16 + cap]
        at += 16 + cap


def udp(link, f):
    """(port, payload) or None"""
    if link == 1:
        at = 14
        kind = struct.unpack('>H', f[12:14])[0]
        while kind in (0x8100, 0x88a8):
            kind = struct.unpack('>H', f[at + 2:at + 4])[0]
            at += 4
        f = f[at:]
    else:
        f = f[{0: 4, 113: 16, 276: 20}.get(link, 0):]
    if len(f) > 28 and f[0] >> 4 == 4 and f[9] == 17:
        f = f[(f[0] & 15) * 4:struct.unpack('>H', f[2:4])[0]]
    elif len(f) > 48 and f[0] >> 4 == 6 and f[6] == 17:
        f = f[40:]
    else:
        return None
    return struct.unpack('>H', f[2:4])[0], f[8:struct.unpack('>H', f[4:6])[0]]


def known():
    names = set(re.findall(r'X\((\w+)\)', (ROOT / 'src/honeypot/registry.c').read_text()))
    return names | set(re.findall(r'- name: (\S+)', (ROOT / 'data/vectors.yaml').read_text()))


def questions(base):
    """(what, port, allowed vectors, payload)"""
    names = known()
    for f, (port, vectors) in PROBES.items():
        want = set(vectors.split())
        path = base / 'zmap-probes' / f'{f}.pkt'
        if path.exists() and want & names:
            yield f, port, want, path.read_bytes()
    for f, (port, vectors, *to) in CAPTURES.items():
        want = set(vectors.split())
        path = base / f
        if not path.exists() or not want & names:
            continue
        seen = set()
        for link, frame in frames(path.read_bytes()):
            u = udp(link, frame)
            if u and u[0] == port and not ANSWER.get(f, lambda p: False)(u[1]) and u[1] not in seen and len(seen) < FIRST_ONLY.get(f, 12):
                seen.add(u[1])
                yield f'{f} #{len(seen)}', to[0] if to else port, want, u[1]


def run(asked, work):
    (work / 'conf.yaml').write_text(f"""
honeypots:
  - name: pot
    listen: 127.0.0.1
    port-offset: {OFFSET}
    stanzas: {ROOT / 'data/vectors.yaml'}
""")
    live = []
    try:
        for role in ('bus', 'store', 'honeypot'):
            log = open(work / f'{role}.log', 'ab')
            live.append(subprocess.Popen([PRACTICE, role, '--config', work / 'conf.yaml', '--data', work / 'd'],
                                         stdout=log, stderr=log, env=ENV))
            until = time.monotonic() + 20
            while time.monotonic() < until and not (
                    (work / 'd/bus.sock').exists() if role == 'bus' else role == 'store' or
                    'honeypot_listens' in (work / 'honeypot.log').read_text()):
                time.sleep(0.02)
        for i, (_, port, _, payload) in enumerate(asked):
            if port + OFFSET > 65535:
                continue
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind((f'127.10.{i // 250}.{i % 250 + 1}', 0))
            s.sendto(payload, ('127.0.0.1', port + OFFSET))
            s.close()
        live[2].send_signal(signal.SIGTERM)  # the last thing it says is its health
        live[2].wait(30)
        said = re.findall(r'(\d+) hits', (work / 'honeypot.log').read_text())
        hits, until = [], time.monotonic() + 30
        while len(hits) != sum(map(int, said)) and time.monotonic() < until:
            time.sleep(0.05)
            try:
                with sqlite3.connect(f'file:{work}/d/store/practice.db?mode=ro', uri=True) as db:
                    hits = db.execute('select victim, vector, port, packets from hit').fetchall()
            except sqlite3.OperationalError:
                pass  # the store has only begun
        return hits
    finally:
        for p in live:
            if p.poll() is None:
                p.kill()


def main():
    base = shared('data/drdos')
    if not base:
        skip('no captures beside this checkout (shared/data/drdos)')
    asked = [q for q in questions(pathlib.Path(base)) if q[1] + OFFSET <= 65535]
    work = pathlib.Path(tempfile.mkdtemp(prefix='practice-hp-'))
    try:
        hits = run(asked, work)
        got = collections.defaultdict(list)
        for victim, vector, port, packets in hits:
            got[victim[13] * 65536 + victim[14] * 256 + victim[15]].append((vector, port, packets))
        for i, (what, port, want, payload) in enumerate(asked):
            saw = got[10 * 65536 + i // 250 * 256 + i % 250 + 1]
            t.check(f'{what} is {" or ".join(sorted(want))}',
                    len(saw) == 1 and saw[0][0] in want and saw[0][1:] == (port, 1), f'{saw} of {payload[:48].hex()}')
        t.check('enough has been asked', len(asked) > 30, len(asked))
    finally:
        if t.bad:
            print('# ' + (work / 'honeypot.log').read_text().replace('\n', '\n# '))
        shutil.rmtree(work, ignore_errors=True)
    t.done()


main()
