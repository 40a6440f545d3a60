#!/usr/bin/env python3
"""The honeypot has one door: only door.c may send, it is handed to the valve and named nowhere else, and a vector can
reach nothing of the system at all. Asked of the objects that were built, and of planted violations."""
import re
import subprocess

from arch import BUILD, SOURCE, Scratch, done, ok, run

SENDS = {'send', 'sendto', 'sendmsg', 'sendmmsg', 'write', 'writev', 'pwrite', 'pwritev', 'sendfile', 'splice', 'syscall',
         'io_uring_setup', 'fwrite', 'fputs', 'dprintf', 'vmsplice', 'process_vm_writev'}
# What a vector may call besides base's: bytes and text.
PURE = re.compile(r'^(_*mem|_*str|_*sn?printf|_*vsn?printf|prac_|wire_|hp_|htons|htonl|ntohs|ntohl|is[a-z]+$|to(upper|lower)$|'
                  r'__ctype|__stack_chk|_GLOBAL_OFFSET_TABLE_|qsort|bsearch|abs$|labs$|__asan|__ubsan|__sanitizer|_*isoc)')


def needs(obj):
    out = subprocess.run(['nm', '-u', str(obj)], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1].split('@')[0] for line in out.splitlines() if line.strip()}


def has(obj):
    out = subprocess.run(['nm', '--defined-only', str(obj)], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1] for line in out.splitlines() if line.strip()}


def folder(name):
    """proto_snmp_v3.c -> proto_snmp: what is in one folder may call each other."""
    return '_'.join(name.split('_')[:2]).removesuffix('.c')


def check(objects, own=None):
    """objects: name of the source below src/honeypot -> what it needs; own: folder -> what its files define"""
    for name, need in sorted(objects.items()):
        sends = {re.sub(r'^__|_chk$', '', s) for s in need} & SENDS
        if sends and name != 'door.c':
            yield f'{name} calls {", ".join(sorted(sends))}: only door.c may send'
        if 'hp_door_send' in need and name != 'sensor.c':
            yield f'{name} names the door: only the sensor hands it to the valve'
        if name.startswith('proto_') or name in ('stanza_answer.c',):
            for s in sorted(need):
                if not PURE.match(s) and s not in (own or {}).get(folder(name), ()) and s not in ('malloc', 'calloc', 'free', 'realloc'):
                    yield f'{name} calls {s}: a vector makes bytes from bytes'


def built():
    objects, own = {}, {}
    for o in next((BUILD / 'src').glob('libhoneypot.a.p')).glob('*.o'):
        name = o.name.removeprefix('honeypot_').removesuffix('.o')
        objects[name] = needs(o)
        own.setdefault(folder(name), set()).update(has(o))
    return objects, own


def planted(name, body):
    tree = Scratch({f'{name}': f'#include <string.h>\n#include <sys/socket.h>\n#include <time.h>\n{body}\n'})
    o = tree.path / 'x.o'
    status, out = run('gcc', '-O0', '-w', '-c', tree.path / name, '-o', o)
    assert status == 0, out
    return {name: needs(o)}


objects, own = built()
ok('door.c' in objects and 'valve.c' in objects and any(n.startswith('proto_') for n in objects), 'the objects are there',
   sorted(objects))
ok('sendmsg' in objects.get('door.c', ()), 'the door sends')
bad = list(check(objects, own))
ok(not bad, 'nobody else does', '\n'.join(bad))
for what, name, body, says in [
    ('a vector that sends', 'proto_x.c', 'int f(int s){ return send(s, "x", 1, 0); }', 'calls send'),
    ('a vector that asks for the time', 'proto_x.c', 'long f(void){ return time(0); }', 'calls time'),
    ('a core that sends', 'core.c', 'int f(int s, struct msghdr *m){ return sendmsg(s, m, 0); }', 'calls sendmsg'),
    ('a core that knows the door', 'core.c', 'int hp_door_send(void); int f(void){ return hp_door_send(); }', 'names the door'),
]:
    found = list(check(planted(name, body)))
    ok(any(says in f for f in found), f'seen: {what}', found)
ok(not list(check(planted('proto_x.c', 'int f(char *a, char *b){ return memcmp(a, b, 9); }'))), 'a plain vector passes')
ok((SOURCE / 'src/honeypot/door.c').read_text().count('sendmsg(') == 1, 'one call in one place')
done()
