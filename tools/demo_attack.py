#!/usr/bin/env python3
"""A small attack on nobody, for `./dev run`: requests to the demonstration's honeypots, from loopback to loopback only.
Usage: demo_attack.py PORT-OFFSET PAGE-PORT HONEYPOT-ADDRESS...

Waits until the page answers, then sends like a booter would: the same NTP request again and again in the name of one
victim, and DNS questions in the name of another. Bounded in packets and seconds; ends with the process that started it.
A user of loopback may bind any 127.x.y.z, so nothing is forged here and no right is needed."""
import ipaddress
import os
import random
import socket
import struct
import sys
import time

WAIT_PAGE, LEAD = 60, 5  # seconds
NTP_VICTIM, DNS_VICTIM = '127.64.1.9', '127.64.2.53'  # demo.py's two providers own these networks
NTP_PACKETS, DNS_PACKETS, SECONDS = 300, 80, 20
MONLIST = bytes([0x17, 0, 3, 42]) + bytes(4)
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


def wait_for_page(port, parent):
    end = time.monotonic() + WAIT_PAGE
    while time.monotonic() < end and not orphan(parent):
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return True
        except OSError:
            time.sleep(0.2)
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
    pots = [loopback(x) for x in sys.argv[3:]]
    if not wait_for_page(page, parent) or not sleep(LEAD, parent):
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
