#!/usr/bin/env python3
"""What the archives of the rooms really need and hold; headers may lie, symbols do not. Fails if a room
  - uses a symbol that only a room it may not know defines (tools/layers.txt),
  - calls a function that is banned everywhere, or one that only app/ may call,
  - holds a writable variable of static storage.
Run it on archives built at -O0: at -O2 glibc turns atoi into strtol and the call hides.
Usage: check_symbols.py ROOT FOLDER-OF-ARCHIVES"""
import pathlib
import subprocess
import sys

import rooms

BANNED = set('''strcpy strcat sprintf vsprintf strncpy strncat strtok gets atoi atol atoll atof gmtime localtime ctime
    asctime inet_ntoa gethostbyname system popen tmpnam mktemp rand srand random srandom time alloca'''.split())
ONLY_APP = set('''exit abort _exit quick_exit printf vprintf puts putchar fprintf vfprintf fputs fputc perror syslog
    vsyslog getenv secure_getenv gettimeofday stdout stderr'''.split())
# base/err.c ends a role whose programmer was wrong; sys/ is the one room that asks the system.
EXCEPT = {'base': {'abort', '_exit'}, 'sys': {'exit', '_exit', 'abort', 'getenv', 'gettimeofday'}}
WRITABLE = ('.data', '.bss', '.tdata', '.tbss', 'COMMON', '*COM*')


def lines(*command):
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line for line in out.splitlines() if line.strip() and not line.endswith(':')]


def symbols(flag, lib):
    return {line.split()[-1] for line in lines('nm', '--extern-only', flag, str(lib))}


def writable(lib):
    for line in lines('objdump', '-t', str(lib)):
        f = line.split()  # "0000 l     O .bss 0004 name"; the flag column may be empty for thread-local ones
        if len(f) >= 5 and 'd' not in f[1:-3] and 'F' not in f[1:-3]:
            section = f[-3]
            if section.startswith(WRITABLE) and not section.startswith('.data.rel.ro'):
                yield f[-1]


def spellings(name):
    """__printf_chk and __isoc99_sscanf are printf and sscanf."""
    for prefix in ('__isoc99_', '__isoc23_', '__'):
        if name.startswith(prefix):
            yield name[len(prefix):].removesuffix('_chk')
    yield name


def check(root, folder):
    allow = rooms.allowed(root)
    libs = {f.stem[3:]: f for f in pathlib.Path(folder).glob('lib*.a') if f.stem[3:] in allow and f.stem != 'libapp'}
    have = {room: symbols('--defined-only', f) for room, f in libs.items()}
    for room, lib in sorted(libs.items()):
        need = symbols('-u', lib)
        for other in sorted(libs):
            if other != room and other not in allow[room] and '*' not in allow[room]:
                for s in sorted(need & have[other] - have[room]):
                    yield f'{room} uses {s}, which lives in {other}'
        for s in sorted(need - have[room]):
            words = set(spellings(s)) - EXCEPT.get(room, set())
            if words & BANNED:
                yield f'{room} calls {s}: banned'
            elif words & ONLY_APP:
                yield f'{room} uses {s}: only app/ may'
        for s in sorted(writable(lib)):
            yield f'{room} holds a writable variable {s}'
    if not libs:
        yield f'no archives in {folder}'


bad = list(check(sys.argv[1], sys.argv[2]))
print('\n'.join(bad + [f'symbols: {len(bad)} broken']))
sys.exit(bool(bad))
