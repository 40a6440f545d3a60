#!/usr/bin/env python3
"""Sizes that keep code readable: a function <= 60 lines and complexity <= 15 (pmccabe, a switch counts once), a .c file
<= 500 lines, a header <= 200. tools/budget.txt holds the exceptions with today's number; they may only fall, and never
pass the hard limits: 80 (120 where numbers are crunched), 20, 900, 300.

Usage: check_budget.py ROOT [--lower]   --lower writes numbers that have fallen into tools/budget.txt
Exit status 1: over the budget; 77: pmccabe is missing."""
import pathlib
import re
import shutil
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
NUMERIC = ('src/math/', 'src/engine/')
LIMIT = {'lines': 60, 'complexity': 15, 'file': 500, 'header': 200}
HARD = {'lines': 80, 'complexity': 20, 'file': 900, 'header': 300}


def measure():
    """(what, where) -> number; what: a key of LIMIT; where: path or path:function"""
    sizes = {}
    files = sorted((root / 'src').rglob('*.[ch]'))
    for f in files:
        sizes['file' if f.suffix == '.c' else 'header', str(f.relative_to(root))] = len(f.read_text().splitlines())
    sources = [str(f.relative_to(root)) for f in files if f.suffix == '.c']
    out = subprocess.run(['pmccabe', *sources], cwd=root, capture_output=True, text=True).stdout
    for line in out.splitlines():
        f = line.split('\t')
        where = re.match(r'(.*)\(\d+\): (\w+)', f[5]) if len(f) == 6 else None
        if where:
            at = f'{where[1]}:{where[2]}'
            for what, n in (('complexity', int(f[0])), ('lines', int(f[4]))):
                sizes[what, at] = max(n, sizes.get((what, at), 0))
    return sizes


def hard(what, where):
    return 120 if what == 'lines' and where.startswith(NUMERIC) else HARD[what]


if not shutil.which('pmccabe'):
    print('pmccabe is not installed')
    sys.exit(77)
book = root / 'tools/budget.txt'
head = [line for line in book.read_text().splitlines() if line.startswith('#')]
known = {}
for line in book.read_text().splitlines():
    if line.strip() and not line.startswith('#'):
        what, where, number = line.split()
        known[what, where] = int(number)
sizes, bad, fallen = measure(), [], {}
for (what, where), n in sorted(sizes.items()):
    most = known.get((what, where), LIMIT[what])
    if n > hard(what, where):
        bad.append(f'{where}: {what} {n}, and {hard(what, where)} is the end')
    elif n > most:
        bad.append(f'{where}: {what} {n}, budget {most}')
for key, n in sorted(known.items()):
    now = sizes.get(key, 0)
    if now <= LIMIT[key[0]]:
        print(f'{key[1]}: {key[0]} {now}: no exception any more, good (./dev lint: tools/check_budget.py . --lower)')
    elif now < n:
        print(f'{key[1]}: {key[0]} fell from {n} to {now} (tools/check_budget.py . --lower)')
    if LIMIT[key[0]] < now:
        fallen[key] = min(n, now)
if '--lower' in sys.argv:
    book.write_text('\n'.join(head + [f'{k[0]} {k[1]} {n}' for k, n in sorted(fallen.items())]) + '\n')
print('\n'.join(bad + [f'budget: {len(sizes)} numbers, {len(known)} exceptions, {len(bad)} over']))
sys.exit(bool(bad) or not sizes)
