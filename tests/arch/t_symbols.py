#!/usr/bin/env python3
"""What the rooms' archives really call and hold: this tree's, and planted ones."""
from arch import BUILD, SOURCE, Scratch, done, ok, tool

LAYERS = 'base:\nsys: base\nbus: base\nengine: base\napp: *\n'
CLEAN = {
    'tools/layers.txt': LAYERS,
    'src/base/a.c': '#include <stdlib.h>\nint base_a(int x){ if (x) abort(); return x; }\n',
    'src/sys/s.c': '#include <unistd.h>\nint sys_stop(void){ close(3); _exit(1); }\n',
    'src/bus/b.c': 'int base_a(int);\nint bus_b(void){ return base_a(2); }\n'
                   'static const int one = 1; const int *const bus_table[] = {&one, 0};\n'
                   'extern const char *const bus_words[]; const char *const bus_words[] = {"a", "b"};\n',
    'src/engine/e.c': '#include <stdio.h>\nint eng_e(char *p){ static const int k[] = {1, 2};\n'
                      'return snprintf(p, 3, "%d", k[0]); }\n',
    'src/engine/s.c': 'static int close(int fd){ return fd; }\nint engine_s(void){ return close(2); }\n',
    'src/app/main.c': '#include <stdio.h>\nint n; int main(void){ printf("%d", n); return 0; }\n',
}


def c(body, head='#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <time.h>\n'):
    return f'{head}int engine_planted(char *p);\nint engine_planted(char *p){{ {body} return p != 0; }}\n'


PLANTED = [
    ('a call over a wall', c('return bus_b();', 'int bus_b(void);\n'), 'engine uses bus_b, which lives in bus'),
    ('atoi', c('return atoi(p);'), 'calls atoi'),
    ('strcpy', c('strcpy(p, p + 1);'), 'calls strcpy'),
    ('sprintf', c('sprintf(p, "%d", 1);'), 'calls sprintf'),
    ('time', c('time(0);'), 'calls time'),
    ('rand', c('return rand();'), 'calls rand'),
    ('localtime', c('time_t t = 0; localtime(&t);'), 'calls localtime'),
    ('system', c('return system(p);'), 'calls system'),
    ('exit in a room', c('exit(1);'), 'uses exit'),
    ('abort in a room', c('abort();'), 'uses abort'),
    ('printf in a room', c('printf("%s %d", p, 1);'), 'uses printf'),
    ('puts in a room', c('puts(p);'), 'uses puts'),
    ('stderr in a room', c('fwrite(p, 1, 1, stderr);'), 'uses stderr'),
    ('getenv in a room', c('return getenv(p) != 0;'), 'uses getenv'),
    ('a writable global', c('') + 'int engine_count = 3;\n', 'writable variable engine_count'),
    ('a writable static', c('static int n; n++; return n;'), 'writable variable n'),
    ('a thread-local', c('') + '__thread int engine_mine;\n', 'writable variable engine_mine'),
    ('a table whose rows can be swapped', c('') + 'const char *engine_words[] = {"a"};\n',
     'writable variable engine_words'),
]

status, out = tool('check_symbols.py', SOURCE, BUILD / 'tests/arch')
ok(status == 0, 'the rooms of this tree', out)
clean = Scratch(CLEAN)
status, out = tool('check_symbols.py', clean.path, clean.archives())
ok(status == 0, 'clean rooms pass', out)
for name, text, says in PLANTED:
    tree = Scratch(CLEAN).put({'src/engine/planted.c': text})
    status, out = tool('check_symbols.py', tree.path, tree.archives())
    ok(status == 1 and says in out, f'seen: {name}', out)
status, out = tool('check_symbols.py', clean.path, clean.path / 'tools')
ok(status == 1, 'no archives is no proof', out)
done()
