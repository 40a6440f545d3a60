#!/usr/bin/env python3
"""The layers by includes: the tree keeps them, and the checker sees each way to break them."""
from arch import SOURCE, Scratch, done, ok, tool

LAYERS = 'base:\nmodel: base\nbus: base model\nengine: base model\napp: *\n'
CLEAN = {
    'tools/layers.txt': LAYERS,
    'src/base/a.h': '',
    'src/base/a.c': '#include <stdio.h>\n#include "base/a.h"\n',
    'src/model/m.h': '#include "base/a.h"\n',
    'src/bus/registry.c': '#define BACKENDS(X) X(ram) X(local)\n',
    'src/bus/ram/ram.c': '#include "model/m.h"\n#include "bus/ram/ram.h"\n',
    'src/bus/ram/ram.h': '',
    'src/bus/local/local.c': '#include "model/m.h"\n',
    'src/engine/core.h': '',
    'src/app/main.c': '#include "bus/bus.h"\n#include "engine/core.h"\n',
}
PLANTED = [
    ('a lower room includes a higher one', {'src/base/b.c': '#include "model/m.h"\n'}, 'base may not know model'),
    ('rooms of one layer include each other', {'src/engine/e.c': '  #  include "bus/bus.h"\n'},
     'engine may not know bus'),
    ('a room that is not in the list', {'src/rogue/r.c': '#include "base/a.h"\n'}, 'room rogue'),
    ('a path that does not start at src/', {'src/base/b.c': '#include "a.h"\n'}, 'write the path from src/'),
    ('a path that climbs', {'src/base/b.c': '#include "../model/m.h"\n'}, 'write the path from src/'),
    ('a plug-in includes its sibling', {'src/bus/local/local.c': '#include "bus/ram/ram.h"\n'}, 'its sibling ram'),
    ('a core includes its plug-in', {'src/bus/bus.c': '#include "bus/ram/ram.h"\n'}, 'inside of plug-in ram'),
    ('a header breaks the law', {'src/model/x.h': '#include "bus/bus.h"\n'}, 'model may not know bus'),
]

status, out = tool('check_layers.py', SOURCE)
ok(status == 0, 'this tree keeps its layers', out)
status, out = tool('check_layers.py', Scratch(CLEAN).path)
ok(status == 0, 'a clean tree passes', out)
for name, files, says in PLANTED:
    status, out = tool('check_layers.py', Scratch(CLEAN).put(files).path)
    ok(status == 1 and says in out, f'seen: {name}', out)
status, out = tool('check_layers.py', Scratch({'tools/layers.txt': LAYERS, 'src/base/a.h': ''}).path)
ok(status == 1, 'a tree without any include is no proof', out)
done()
