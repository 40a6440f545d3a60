#!/usr/bin/env python3
"""Every capture file of the shared data opens, and its packets are as many as capinfos counts; every
other file is refused in words. The fingerprints on a made telescope hour are compared with labels
derived from the packets by the few lines below."""
import collections
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from tap import PRACTICE, ROOT, Tap, skip  # noqa: E402

MAGIC = {bytes.fromhex(m) for m in ("d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d", "0a0d0d0a")}
LABEL = 3  # agreeing packets


def shared():
    for p in (os.environ.get("PRACTICE_SHARED", ""), ROOT / "../shared", ROOT / "../../shared"):
        if p and (pathlib.Path(p) / "data").is_dir():
            return pathlib.Path(p).resolve()
    return None


def capture(*args):
    r = subprocess.run([PRACTICE, "capture", "--json", *map(str, args)], capture_output=True, text=True, timeout=250)
    return r.returncode, [json.loads(line) for line in r.stdout.splitlines()], r.stderr


def compare_with_capinfos(t, data):
    files, others = [], []
    for p in sorted(data.rglob("*")):
        if p.is_file():
            (files if p.open("rb").read(4) in MAGIC else others).append(str(p))
    t.check("there are captures to read", len(files) > 50, len(files))
    r = subprocess.run(["capinfos", "-c", "-M", "-T", "-r", *files], capture_output=True, text=True, timeout=120)
    want = dict(line.split("\t")[:2] for line in r.stdout.splitlines() if "\t" in line)
    got = {j["file"]: j for j in capture(*files)[1]}
    t.equal("every capture was read", sorted(got), sorted(files))
    wrong = [f"{f}: {got[f]['frames']} {got[f]['error']}, capinfos {want.get(f)}"
             for f in files if str(got[f]["frames"]) != want.get(f) or not got[f]["ok"]]
    t.check(f"packet counts of {len(files)} captures equal capinfos'", not wrong, "\n".join(wrong))
    sums = [f for f in files if got[f]["frames"] != sum(
        got[f][k] for k in ("ip4", "ip6", "not_ip", "no_link")) + got[f]["malformed"] + got[f]["truncated"]]
    # a packet may be both IP and malformed: only more than all is wrong
    t.check("nothing is counted twice", not [f for f in sums if got[f]["ip4"] + got[f]["ip6"] > got[f]["frames"]])
    rc, refused, _ = capture(*others[:200])
    t.check("what is no capture is refused in words",
            rc != 0 and all(j["ok"] or (j["error"] and j["file"] in j["error"]) for j in refused),
            [j for j in refused if not j["ok"] and j["file"] not in j["error"]][:3])


def truth(path):
    """Source -> tool, from the packets alone: Ethernet, IPv4, TCP SYN without options."""
    seen = collections.defaultdict(lambda: collections.Counter())
    data = memoryview(path.read_bytes())
    at = 24
    while at < len(data):
        n = struct.unpack_from("<I", data, at + 8)[0]
        f = at + 16 + 14
        at += 16 + n
        if data[f + 9] != 6 or data[f + 33] & 0x17 != 2:
            continue
        ident, = struct.unpack_from(">H", data, f + 4)
        src, dst, _, dport, seq = struct.unpack_from(">IIHHI", data, f + 12)
        win, = struct.unpack_from(">H", data, f + 34)
        c = seen[src]
        c["all"] += 1
        c["zmap"] += ident == 54321 and win == 65535
        c["masscan"] += ident == (dst ^ dport ^ seq) & 0xFFFF or (data[f + 8] >= 200 and win == 1024)
        c["mirai"] += seq == dst
    labels = {}
    for src, c in seen.items():
        for tool in ("zmap", "masscan", "mirai"):
            if c[tool] >= LABEL and 2 * c[tool] > c["all"]:
                labels[".".join(str(src >> s & 255) for s in (24, 16, 8, 0))] = tool
    return labels


def compare_with_truth(t, generator, d):
    made = pathlib.Path(d) / "hour.pcap"
    r = subprocess.run(["/usr/bin/python3", generator, made, "300000", "7"], capture_output=True, text=True, timeout=120)
    if r.returncode != 0:
        print("# no fingerprint comparison: the generator does not run here:", r.stderr.strip().splitlines()[-1:])
        return
    want = truth(made)
    rc, got, err = capture("--tools", made)
    have = {e["source"]: e["tool"] for e in got[0]["tools"]}
    t.check("there are scanners of each tool", len(set(want.values())) == 3 and len(want) > 50, len(want))
    t.equal("recall: no labelled source is missing", sorted(set(want) - set(have)), [])
    t.equal("no false label", sorted(set(have) - set(want)), [])
    t.equal("no wrong label", {s: have[s] for s in have if have[s] != want.get(s)}, {})
    t.equal("twice the same answer", capture("--tools", made)[1], got)
    flows = []
    for threads in ("1", "2", "4"):
        out = pathlib.Path(d) / threads
        capture("--threads", threads, "--write", out, made)
        flows.append((out / "hour.pcap.flows").read_bytes())
    t.check("batches are the same bytes for 1, 2 and 4 threads", len(flows[0]) > 1000 and flows[0] == flows[1] == flows[2])


def main():
    root = shared()
    if not root:
        skip("no shared data beside the checkout")
        return
    t = Tap()
    if shutil.which("capinfos"):
        compare_with_capinfos(t, root / "data")
    else:
        print("# capinfos (package tshark) is not installed: counts are not compared")
    generator = root / "bench/darknet/gen_pcap.py"
    if generator.exists():
        with tempfile.TemporaryDirectory() as d:
            compare_with_truth(t, generator, d)
    t.done()


main()
