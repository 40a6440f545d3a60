#!/usr/bin/env python3
"""Plug-ins are whole: listed, with a folder, a README and a test; and the lists they come from are the only way in."""
from arch import SOURCE, Scratch, done, ok, tool

CLEAN = {
    'src/bus/registry.c': '/* one list */\n#define BACKENDS(X) \\\n  X(ram) \\\n  X(local)\n#define X(n) extern int bus_##n;\n',
    'src/bus/ram/ram.c': 'int x;\n', 'src/bus/ram/README.md': '# ram\n',
    'src/bus/local/local.c': 'int x;\n', 'src/bus/local/README.md': '# local\n',
    'src/hp/registry.c': '#define PROTOS(X) X(ntp)\n',
    'src/hp/proto/ntp/ntp.c': 'int x;\n', 'src/hp/proto/ntp/README.md': '# ntp\n',
    'src/app/registry.c': '#define CMDS(X) X(help)\n',
    'tests/unit/test_bus_ram.c': '', 'tests/net/t_local.py': '', 'tests/unit/test_ntp.c': '',
}
PLANTED = [
    ('a folder nobody lists', {'src/bus/extra/extra.c': ''}, 'folder extra is not listed'),
    ('a deeper folder nobody lists', {'src/hp/proto/dns/dns.c': ''}, 'folder dns is not listed'),
    ('a name without a folder', {'src/bus/registry.c': '#define BACKENDS(X) X(ram) X(local) X(ghost)\n'},
     'ghost is listed, but has no folder'),
    ('a name listed twice', {'src/bus/registry.c': '#define BACKENDS(X) X(ram) X(local) X(ram)\n'}, 'listed twice'),
    ('a plug-in without README', {'src/bus/registry.c': '#define B(X) X(ram) X(local) X(third)\n',
                                  'src/bus/third/third.c': '', 'tests/unit/test_third.c': ''}, 'third has no README'),
    ('a plug-in without test', {'src/bus/registry.c': '#define B(X) X(ram) X(local) X(third)\n',
                                'src/bus/third/third.c': '', 'src/bus/third/README.md': ''}, 'third has no test'),
    ('a constructor', {'src/bus/ram/ram.c': '__attribute__((constructor)) static void f(void){}\n'}, 'constructors'),
    ('dlopen', {'src/bus/ram/ram.c': 'void *f(void){ return dlopen("x", 1); }\n'}, 'dlopen'),
]

status, out = tool('check_registries.py', SOURCE)
ok(status == 0, 'the plug-ins of this tree', out)
status, out = tool('check_registries.py', Scratch(CLEAN).path)
ok(status == 0, 'a clean tree passes', out)
for name, files, says in PLANTED:
    status, out = tool('check_registries.py', Scratch(CLEAN).put(files).path)
    ok(status == 1 and says in out, f'seen: {name}', out)
done()
