#!/usr/bin/env python3
"""A small attack on nobody, for `./dev run`: requests to the demonstration's honeypots, from loopback to loopback only.
Usage: demo_attack.py PORT-OFFSET PAGE-PORT HONEYPOT=ADDRESS...

Waits until the page has heard from every honeypot (which says that it lives once it listens), then sends like a booter would: the same NTP request again and again in the name of one
victim, and DNS questions in the name of another. Bounded in packets and seconds; ends with the process that started it.
A user of loopback may bind any 127.x.y.z, so nothing is forged here and no right is needed."""
import ipaddress
import json
import os
import random
import socket
import struct
import sys
import time
import urllib.request

WAIT, LEAD = 300, 3  # seconds: for the honeypots; for people, to read what comes
NTP_VICTIM, DNS_VICTIM = '127.64.1.9', '127.64.2.53'  # demo.py's two providers own these networks
NTP_PACKETS, DNS_PACKETS, SECONDS = 300, 80, 20
MONLIST = bytes([0x17, 0, 3, 42]) + bytes(4)
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
NAMES = ('cpsc.gov', 'isc.org', 'peacecorps.gov')


def loopback(text):
    if not ipaddress.ip_address(text).is_loopback:
        raise SystemExit(f'demo_attack.py: {text} is not loopback; it sends nowhere else')
    return text


def say(text):
    print(f'DEMO   {text}', flush=True)


def dns_question(name, number):
    """ANY, with EDNS and a large buffer: what amplifies most."""
    labels = b''.join(bytes([len(x)]) + x.encode() for x in name.split('.')) + b'\0'
    return (struct.pack('>6H', number, 0x0100, 1, 0, 0, 1) + labels + struct.pack('>2H', 255, 1) +
            b'\0' + struct.pack('>2HIH', 41, 8192, 0, 0))


def victim(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((loopback(address), 0))
    return s


def orphan(parent):
    return os.getppid() != parent


def listening(port):
    """Names of the honeypots that have said that they live; a honeypot says so first when its sockets are read."""
    try:
        with DIRECT.open(f'http://127.0.0.1:{port}/api/v1/status', timeout=5) as r:
            return {s['name'] for s in json.load(r)['sensors'] if s['source'] == 'honeypot' and s['heard']}
    except (OSError, ValueError, KeyError):
        return set()


def wait_for(names, port, parent):
    end, missing = time.monotonic() + WAIT, names
    while time.monotonic() < end and not orphan(parent):
        missing = names - listening(port)
        if not missing:
            return True
        time.sleep(0.3)
    if not orphan(parent):
        say(f'No attack is played: nothing has been heard of {", ".join(sorted(missing))} for {WAIT} s.')
    return False


def sleep(seconds, parent):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not orphan(parent):
        time.sleep(min(0.2, max(0, end - time.monotonic())))
    return not orphan(parent)


def attack(offset, pots, parent):
    ntp, dns, dice = victim(NTP_VICTIM), victim(DNS_VICTIM), random.Random(3)
    begun, dns_sent = time.monotonic(), 0
    for i in range(NTP_PACKETS):
        if orphan(parent) or time.monotonic() > begun + 3 * SECONDS:
            break
        ntp.sendto(MONLIST, (pots[i % len(pots)], offset + 123))
        while dns_sent * NTP_PACKETS < i * DNS_PACKETS:
            name = NAMES[0] if dice.random() < 0.7 else dice.choice(NAMES[1:])
            dns.sendto(dns_question(name, dice.randrange(65536)), (pots[0], offset + 53))
            dns_sent += 1
        time.sleep(max(0, begun + (i + 1) * SECONDS / NTP_PACKETS - time.monotonic()))


def main():
    offset, page, parent = int(sys.argv[1]), int(sys.argv[2]), os.getppid()
    names, pots = zip(*(x.split('=') for x in sys.argv[3:]))
    pots = [loopback(x) for x in pots]
    if not wait_for(set(names), page, parent) or not sleep(LEAD, parent):
        return
    say(f'We now play the attacker for {SECONDS} s, on this machine only: NTP requests in the name of {NTP_VICTIM} and')
    say(f'       DNS questions in the name of {DNS_VICTIM} reach the honeypots. See how soon it is noticed:')
    try:
        attack(offset, pots, parent)
    except OSError as e:
        say(f'The demo attack could not be sent: {e}')
        return
    if not orphan(parent):
        say('The attacker has stopped. The end is told when no request has come for 20 s.')


try:
    main()
except KeyboardInterrupt:
    pass
