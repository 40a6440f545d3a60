#!/usr/bin/env python3
"""A veth pair between two network namespaces, tcpreplay at 200,000 packets a second on one side,
`practice capture` on the other: every packet is counted, or its loss is. PRACTICE_LIVE_SECONDS
(default 5; the acceptance run is 30) says for how long."""
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

PPS = 200_000
SECONDS = int(os.environ.get("PRACTICE_LIVE_SECONDS", "5"))
LOOP = 50_000  # packets in the file that is played
A, B = f"prac-a-{os.getpid()}", f"prac-b-{os.getpid()}"


def skip(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def ns(name, *cmd):
    return ["ip", "netns", "exec", name, *cmd]


def sh(*cmd):
    return subprocess.run(cmd, capture_output=True, text=True, timeout=30)


def make_pcap(path):
    """SYNs from many sources to 198.18.0.0/15, and one packet in ten to somebody else."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for i in range(LOOP):
        dst = (0xC6120000 if i % 10 else 0xC6330000) + i % 65536
        ip = struct.pack(">BBHHHBBHII", 0x45, 0, 40, i & 0xFFFF, 0, 50, 6, 0, 0x05000000 + i * 7919, dst)
        tcp = struct.pack(">HHIIBBHHH", 1024 + i % 60000, 23, i * 2654435761 % 2**32, 0, 0x50, 2, 1024, 0, 0)
        frame = b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0" + ip + tcp + b"\0" * 6
        out.append(struct.pack("<IIII", 1, i, len(frame), len(frame)) + frame)
    with open(path, "wb") as f:
        f.write(b"".join(out))


def setup():
    for cmd in (
        ["ip", "netns", "add", A],
        ["ip", "netns", "add", B],
        ns(A, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"),
        ns(B, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"),
        ["ip", "-n", A, "link", "add", "va", "type", "veth", "peer", "name", "vb", "netns", B],
        ["ip", "-n", A, "link", "set", "va", "up"],
        ["ip", "-n", B, "link", "set", "vb", "up"],
    ):
        r = sh(*cmd)
        if r.returncode != 0 and "sysctl" not in cmd:
            return r.stderr.strip() or "failed: " + " ".join(cmd)
    return None


def number(name, interface, what):
    r = sh(*ns(name, "cat", f"/sys/class/net/{interface}/statistics/{what}"))
    return int(r.stdout or 0)


def capture(practice, *more):
    p = subprocess.Popen(ns(B, practice, "capture", "--interface", "vb", "--json", *more),
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    p.stderr.readline()  # "capturing from vb": the socket is open
    return p


def stop(p):
    time.sleep(0.3)
    p.send_signal(2)
    out, err = p.communicate(timeout=30)
    return p.returncode, out, err


def main():
    practice = os.environ["PRACTICE"]
    if os.geteuid() != 0:
        skip("capturing and network namespaces need root")
    for tool in ("ip", "tcpreplay"):
        if not shutil.which(tool):
            skip(f"{tool} is not installed")
    tests = []

    def check(name, ok, why=""):
        tests.append(ok)
        print(f"{'ok' if ok else 'not ok'} {len(tests)} - {name}")
        if not ok:
            print("# " + str(why).replace("\n", "\n# "))

    with tempfile.TemporaryDirectory() as d:
        pcap = os.path.join(d, "play.pcap")
        make_pcap(pcap)
        why = setup()
        if why:
            skip(f"no network namespace with a veth pair here: {why}")
        try:
            # 1. everything, at speed
            p = capture(practice)
            loops = max(1, PPS * SECONDS // LOOP)
            r = subprocess.run(ns(A, "tcpreplay", "-q", "-i", "va", "-K", f"--pps={PPS}", f"--loop={loops}", pcap),
                               capture_output=True, text=True, timeout=SECONDS * 10 + 60)
            rc, out, err = stop(p)
            said = re.search(r"Successful packets:\s+(\d+)", r.stdout)
            rate = re.search(r"([\d.]+) pps", r.stdout)
            sent = int(said.group(1)) if said else -1
            got = json.loads(out)
            wire_loss = number(B, "vb", "rx_dropped")  # before any socket saw it
            print(f"# sent {sent} at {rate.group(1) if rate else '?'} packets/s, counted {got['frames']}, "
                  f"lost in the ring {got['lost']}, lost on the wire {wire_loss}, rows {got['rows']}")
            check("capture ends well when stopped", rc == 0, err)
            check("tcpreplay sent all", sent == loops * LOOP, r.stdout + r.stderr)
            check("every packet is counted or its loss is",
                  got["frames"] + got["lost"] + wire_loss == sent, out)
            check("what was counted was decoded", got["ip4"] == got["frames"] and got["malformed"] == 0, out)

            # 2. the kernel's filter: nine in ten are ours, and the others never reach us
            p = capture(practice, "--ours", "198.18.0.0/15")
            subprocess.run(ns(A, "tcpreplay", "-q", "-i", "va", "-K", "--pps=50000", pcap),
                           capture_output=True, text=True, timeout=60)
            rc, out, err = stop(p)
            got = json.loads(out)
            before, wire_loss = wire_loss, number(B, "vb", "rx_dropped")
            check("the filter passes our addresses only",
                  got["not_ours"] == 0 and 0 <= LOOP * 9 // 10 - got["frames"] - got["lost"] <= wire_loss - before,
                  out)

            # 3. a ring that is too small for a burst loses packets, and says how many
            settings = os.path.join(d, "small.yaml")
            with open(settings, "w") as f:
                f.write("capture:\n  afpacket:\n    ring: 2 MiB\n")
            p = capture(practice, "--config", settings)
            os.kill(p.pid, 19)  # it does not read ...
            r = subprocess.run(ns(A, "tcpreplay", "-q", "-i", "va", "-K", "--pps=100000", pcap),
                               capture_output=True, text=True, timeout=60)
            os.kill(p.pid, 18)  # ... and goes on
            rc, out, err = stop(p)
            got = json.loads(out)
            before, wire_loss = wire_loss, number(B, "vb", "rx_dropped")
            check("a ring that is too small loses packets", got["lost"] > 0, out)
            check("and the loss is exact", got["frames"] + got["lost"] + wire_loss - before == LOOP, out)
        finally:
            for name in (A, B):
                sh("ip", "netns", "del", name)
    r = sh(practice, "capture", "--interface", "no-such-if", "--for", "1s")
    check("an interface that is not there is named", r.returncode != 0 and "no-such-if" in r.stderr, r.stderr)
    print(f"1..{len(tests)}")
    sys.exit(0 if all(tests) else 1)


main()
