#!/usr/bin/env python3
"""Fails if a plug-in is not whole: every folder beside a registry.c is listed in it and every listed name has its
folder; each has a README.md, and a test (a file under tests/ with the plug-in's name in its own). No constructors,
no dlopen. Usage: check_registries.py ROOT"""
import pathlib
import re
import sys

import rooms

root = pathlib.Path(sys.argv[1])
tests = [f.name for f in (root / 'tests').rglob('*') if re.match(r'(test|t)_.*\.(c|py)$|.*\.(rpl|scn|story)$', f.name)]


def whole(registry, names):
    here = registry.parent
    folders = {f.name for f in here.iterdir() if f.is_dir() and any(f.glob('*.c'))}
    for deeper in [f for f in here.iterdir() if f.is_dir() and not any(f.glob('*.c'))]:
        folders |= {f.name for f in deeper.iterdir() if f.is_dir()}  # honeypot/proto/ntp
    for name in names:
        mine = folders & set(rooms.folder(name))
        if not mine:
            yield f'{name} is listed, but has no folder'
            continue
        folder = next(f for f in here.rglob(mine.pop()) if f.is_dir())
        if not (folder / 'README.md').is_file():
            yield f'{name} has no README.md'
        if not any(re.search(rf'(^|[_.-]){re.escape(n)}([_.-]|$)', t) for t in tests for n in rooms.folder(name)):
            yield f'{name} has no test: no tests/*/test_*{name}*.c or t_*{name}*.py'
    for extra in sorted(folders - {f for n in names for f in rooms.folder(n)}):
        yield f'folder {extra} is not listed'
    if len(set(names)) != len(names):
        yield 'a name is listed twice'


bad = [f'{r.relative_to(root)}: {why}' for r, names in rooms.registries(root).items() for why in whole(r, names)]
for f in sorted((root / 'src').rglob('*.[ch]')):
    if re.search(r'\bdlopen\s*\(|__attribute__\s*\(\(\s*(constructor|destructor)', f.read_text()):
        bad.append(f'{f.relative_to(root)}: plug-ins are tables, not constructors or dlopen')
count = sum(len(n) for n in rooms.registries(root).values())
print('\n'.join(bad + [f'registries: {count} plug-ins, {len(bad)} broken']))
sys.exit(bool(bad) or count == 0)
