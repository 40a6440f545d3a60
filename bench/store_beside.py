#!/usr/bin/env python3
"""The embedded store and a ClickHouse beside each other: the same rows, the same questions, one table.

    store_beside.py [ROWS]     10000000; needs ninja -C build bench/bench_store, and clickhouse-server
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests/lib'))
from clickhouse import Server  # noqa: E402


def bench(rows, where):
    out = subprocess.run([ROOT / 'build/bench/bench_store', str(rows), str(where), '0'], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as d, Server(pathlib.Path(d) / 'ch') as s:
        emb = bench(rows, pathlib.Path(d) / 'emb')
        ch = bench(rows, s.url + '/bench')
        while s.query('SELECT sum(1 - is_done) FROM system.mutations') != '0':  # what was added up is still being removed
            time.sleep(1)
        used = {}
        for line in s.query("SELECT table, sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'bench' GROUP BY table").splitlines():
            used[line.split('\t')[0]] = int(line.split('\t')[1])
    n = ch[0]['n']
    ch[0]['bytes_per_row'], ch[0]['of_that_flows'] = sum(used.values()) / n, used['flows'] / n
    print('| | embedded | clickhouse |\n|---|---|---|')
    for key in ('n', 'append_rows_per_s', 'append_cpu_ns', 'rows_per_s_with_maintain', 'bytes_per_row', 'of_that_flows'):
        print(f'| {key} | {emb[0][key]:,.2f} | {ch[0][key]:,.2f} |')
    for a, b in zip(emb[1:], ch[1:]):
        same = '' if a['check'] == b['check'] else f" ANSWERS DIFFER: {a['check']}, {b['check']}"
        print(f"| {a['bench'][6:]}, ms (median) | {a['median_ms']:.1f} | {b['median_ms']:.1f} |{same}")


main()
