#!/usr/bin/env python3
"""Documents that tell the truth: tables in them equal the tables in the program, and what they point at exists."""
import json
import re
import sys

from tap import ROOT, Tap, practice

sys.path.insert(0, str(ROOT / 'tools'))
import rooms  # noqa: E402

t = Tap()


def table(text, head):
    """Rows of the Markdown table whose first column is called `head`."""
    rows, on = [], False
    for line in text.splitlines():
        cells = [c.strip() for c in line.strip().strip('|').split('|')]
        if line.startswith('|') and cells[0] == head:
            on = True
        elif on and line.startswith('|'):
            if not re.fullmatch(r'[-: ]+', cells[0]):
                rows.append(cells)
        elif on:
            break
    return rows


architecture = (ROOT / 'ARCHITECTURE.md').read_text()
told = {r[0]: set() if r[1] == '-' else {'*'} if r[1] == 'everything' else set(r[1].split())
        for r in table(architecture, 'room')}
law = rooms.allowed(ROOT)
t.equal('ARCHITECTURE.md: the rooms and what they may know', told, law)
t.equal('ARCHITECTURE.md: lower layers first', list(told), list(law))
for room in law:
    files = [f for f in (ROOT / 'src' / room).glob('*') if f.suffix in ('.c', '.h')]
    if files:
        readme = ROOT / 'src' / room / 'README.md'
        text = readme.read_text() if readme.is_file() else ''
        t.check(f'src/{room} has a README.md', text)
        gone = [w for w in re.findall(r'`([a-z_0-9]+\.[ch])`', text) if not any((ROOT / 'src' / room).rglob(w))]
        t.check(f'src/{room}/README.md names files that exist', not gone, gone)
rights = {}
for f in (ROOT / 'src/app').glob('role_*.c'):
    may = re.search(r'\.may = ([^,]*),', f.read_text())
    if may:
        rights[f.stem[5:]] = {w.lower() for w in re.findall(r'SYS_MAY_(\w+)', may[1])}
t.equal("ARCHITECTURE.md: the roles' rights", {r[0]: set(r[1].split()) for r in table(architecture, 'role')}, rights)

commands = set(json.loads(practice('version', '--json')[1])['commands'])
for name, head in (('README.md', 'command'), ('README.ja.md', 'コマンド')):
    rows = table((ROOT / name).read_text(), head)
    listed = {w for r in rows for w in re.findall(r'`practice ([a-z-]+)', r[0])}
    t.equal(f'{name}: the table of commands', sorted(listed), sorted(commands))

dev = (ROOT / 'dev').read_text()
for name in ('README.md', 'README.ja.md', 'CONTRIBUTING.md'):
    text = (ROOT / name).read_text()
    used = set(re.findall(r'\./dev ([a-z]+)', text))
    t.check(f'{name}: ./dev knows every command it names', all(re.search(rf'^#   .*\b{u}\b', dev, re.M) for u in used),
            used)
    said = set(re.findall(r'`practice ([a-z-]+)', text))
    t.check(f'{name}: so does practice', said <= commands, said - commands)

for f in sorted(ROOT.glob('*.md')) + sorted((ROOT / 'docs').rglob('*.md')):
    text = f.read_text()
    links = [u for u in re.findall(r'\]\(([^)#:]+)(?:#[^)]*)?\)', text)]
    t.check(f'{f.relative_to(ROOT)}: its links lead somewhere', all((f.parent / u).exists() for u in links), links)
    paths = re.findall(r'`((?:src|tools|tests|docs|fuzz|data)/[\w./-]+)`', text)
    gone = [p for p in paths if '*' not in p and not any(w in p for w in ('ROOM', 'NAME', 'KIND')) and
            not (ROOT / p).exists()]
    t.check(f'{f.relative_to(ROOT)}: the files it names exist', not gone, gone)

kinds = re.findall(r'X\((\w+), (true|false)\)', (ROOT / 'src/bus/name.h').read_text())
transport = (ROOT / 'docs/transport.md').read_text()
rows = {r[0]: r[1] for r in table(transport, 'property')}
t.equal('docs/transport.md: the kinds of subjects', rows['subjects'].strip('`').split(), [f'{k}.>' for k, _ in kinds])
rows = [r[0] for r in table(transport, 'kinds') if r[0].endswith('(optional)')]
t.equal('... and which are optional', set(re.findall(r'`(\w+)\.>`', rows[0])), {k for k, optional in kinds if optional == 'true'})
said = {k: '(optional)' in r[0] for r in table(transport, 'subject') for k in re.findall(r'`(\w+)\.', r[0])}
t.equal('... also where it says who publishes them', {k for k in said if said[k]}, {k for k, optional in kinds if optional == 'true'})

t.check('the licence is Apache-2.0 in full', 'END OF TERMS AND CONDITIONS' in (ROOT / 'LICENSE').read_text())
t.done()
