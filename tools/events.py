#!/usr/bin/env python3
"""Every log event of the program, from the one place where it is declared (src/**/*.[ch]):

    static const struct prac_log_event ev_name = {"room_what", PRAC_LOG_WARN, "what the operator should do"};

Fails when a declaration has another form, when two events have one name, and when a warning or an error does not tell the
operator what to do. Usage: events.py ROOT [OUT.c]: with OUT.c, writes the table of src/app/events.h, sentences or not: the
build goes on while somebody is still looking for the words, the test does not."""
import pathlib
import re
import sys

DECLARED = re.compile(r'\bconst\s+struct\s+prac_log_event\s+\w+\s*(\[[^]]*\])?\s*=')
FORM = re.compile(r'\s*\{\s*"([^"]*)"\s*,\s*PRAC_LOG_(DEBUG|INFO|WARN|ERROR)\s*,\s*((?:"(?:[^"\\]|\\.)*"\s*)+),?\s*\}\s*;')


def events(root):
    """(name, level, todo as C text) of every event, what is wrong, and who says nothing."""
    found, bad, mute = {}, [], []
    for f in sorted((root / 'src').rglob('*.[ch]')):
        text = f.read_text()
        for at in DECLARED.finditer(text):
            where = f'{f.relative_to(root)}:{text.count(chr(10), 0, at.start()) + 1}'
            form = None if at[1] else FORM.match(text, at.end())
            if not form:
                bad.append(f'{where}: an event is declared as {{"name", PRAC_LOG_LEVEL, "what the operator should do"}}')
                continue
            name, level = form[1], form[2]
            todo = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', form[3]))
            if not re.fullmatch(r'[a-z]+(_[a-z0-9]+)+', name):
                bad.append(f'{where}: "{name}": an event is called room_what, in small letters')
            if name in found:
                bad.append(f'{where}: {name} is declared in {found[name][0]} too')
            if level in ('WARN', 'ERROR') and not todo.strip():
                mute.append(f'{where}: {name} has no sentence: what should the operator do?')
            found[name] = (where, level, todo)
    return [(name, level, todo) for name, (_, level, todo) in sorted(found.items())], bad, mute


def main():
    every, bad, mute = events(pathlib.Path(sys.argv[1]))
    bad += mute if len(sys.argv) == 2 else []
    print('\n'.join(bad + [f'events: {len(every)} declared, {len(bad)} wrong']))
    if bad or not every:
        sys.exit(1)
    if len(sys.argv) > 2:
        rows = ''.join(f'    {{"{name}", PRAC_LOG_{level}, "{todo}"}},\n' for name, level, todo in every)
        pathlib.Path(sys.argv[2]).write_text(
            '/* Made by tools/events.py from the declarations. */\n#include "app/events.h"\n\n'
            f'const struct prac_log_event events_list[] = {{\n{rows}}};\nconst size_t events_count = {len(every)};\n')


main()
