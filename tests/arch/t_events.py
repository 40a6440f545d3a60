#!/usr/bin/env python3
"""Log events: each is declared once, in the form the table is made from, and tells the operator what to do."""
import re

from arch import SOURCE, Scratch, done, ok, run, tool
from tap import PRACTICE


def event(name='bus_lost', level='WARN', todo='"look at it"'):
    return f'static const struct prac_log_event ev = {{"{name}", PRAC_LOG_{level}, {todo}}};\n'


CLEAN = {
    'src/bus/a.c': event() + 'void f(const struct prac_log_event *e);\n',
    'src/bus/local/b.h': event('bus_back', 'INFO', '""'),
    'src/app/c.c': 'static const struct prac_log_event ev = {\n    "role_died", PRAC_LOG_ERROR,\n    "two "\n    "parts, \\"quoted\\""};\n',
}
PLANTED = [
    ('a warning without a sentence', event(todo='""'), 'a.c:1: bus_lost has no sentence'),
    ('a sentence of blanks', event(level='ERROR', todo='" "'), 'bus_lost has no sentence'),
    ('a name that is there already', event('role_died'), 'role_died is declared in'),
    ('a name with capitals', event('bus_Lost'), 'room_what'),
    ('a name without its room', event('lost'), 'room_what'),
    ('designated fields', 'static const struct prac_log_event ev = {.name = "bus_lost"};\n', 'a.c:1: an event is declared as'),
    ('an array', 'const struct prac_log_event ev[1] = {{"bus_lost", PRAC_LOG_WARN, "x"}};\n', 'an event is declared as'),
    ('a sentence from a macro', event(todo='SENTENCE'), 'an event is declared as'),
]

status, out = tool('events.py', SOURCE)
ok(status == 0, 'the events of this tree', out)
status, out = tool('events.py', Scratch(CLEAN).path)
ok(status == 0 and '3 declared, 0 wrong' in out, 'a clean tree passes', out)
for name, text, says in PLANTED:
    status, out = tool('events.py', Scratch({**CLEAN, 'src/bus/a.c': text}).path)
    ok(status == 1 and says in out, f'seen: {name}', out)
status, out = tool('events.py', Scratch({}).path)
ok(status == 1, 'a tree without any is no answer', out)

tree = Scratch({**CLEAN, 'src/bus/a.c': event(todo='""')})
table = tree.path / 'events.c'
status, out = tool('events.py', tree.path, table)
text = table.read_text() if status == 0 else out
ok(status == 0 and '{"role_died", PRAC_LOG_ERROR, "two parts, \\"quoted\\""}' in text and 'events_count = 3;' in text,
   'the table is made, also while a sentence is missing', text)

declared = sorted(re.findall(r'"([a-z0-9_]+)", PRAC_LOG_', ' '.join(
    re.sub(r'\s+', ' ', f.read_text()) for f in (SOURCE / 'src').rglob('*.[ch]'))))
status, text = run(PRACTICE, 'help', 'events')
listed = re.findall(r'^  ([a-z0-9_]+) +(?:debug|info|warning|error) +\S', text, re.M)
ok(status == 0 and listed == declared, '`practice help events` lists what is declared', (listed, declared))
status, manual = run(PRACTICE, 'manual')
part = manual.partition('\n.SH LOG EVENTS\n')[2].partition('\n.SH ')[0]
told = re.findall(r'^\.B ([a-z0-9_]+)\n\((?:debug|info|warning|error)\) \S', part, re.M)
ok(told == declared, 'and so does the manual', part)
done()
