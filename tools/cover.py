#!/usr/bin/env python3
"""Line coverage by room, from a build with b_coverage after its tests ran. Usage: cover.py BUILDDIR"""
import collections
import json
import pathlib
import subprocess
import sys

build = pathlib.Path(sys.argv[1]).resolve()
lines = collections.defaultdict(dict)  # source file -> line -> times run, the most of any object
notes = sorted(build.glob('src/**/*.gcda'))
for note in notes:
    out = subprocess.run(['gcov', '--stdout', '--json-format', str(note)], cwd=build, capture_output=True, text=True)
    for text in out.stdout.splitlines():
        if not text.startswith('{'):
            continue
        for f in json.loads(text)['files']:
            name = f['file'].split('/src/')[-1] if '/src/' in f['file'] else None
            if name is None or name.startswith('/'):
                continue
            for line in f['lines']:
                have = lines[name].get(line['line_number'], 0)
                lines[name][line['line_number']] = max(have, line['count'])

rooms = collections.defaultdict(lambda: [0, 0])
for name, counts in lines.items():
    room = rooms[name.split('/')[0]]
    room[0] += sum(c > 0 for c in counts.values())
    room[1] += len(counts)
for room, (run, all_) in sorted(rooms.items()):
    print(f'{room:<10} {run:6} of {all_:6} lines  {100 * run / all_:5.1f} %')
run, all_ = (sum(r[i] for r in rooms.values()) for i in (0, 1))
print(f'{"all":<10} {run:6} of {all_:6} lines  {100 * run / max(all_, 1):5.1f} %')
sys.exit(0 if all_ else 1)
