"""docs/formats/flows-parquet.md names every column of a segment, with nothing left out or made up."""
import os
import re

from tap import Tap

top = os.environ['PRACTICE_SOURCE']
t = Tap()
code = open(os.path.join(top, 'src/store/embedded/duck.h')).read()
code = code[code.index('#define EMB_COLUMNS(C)'):code.index('enum emb_col')]
made = set(re.findall(r'^\s*C\((\w+),', code, re.M))
text = open(os.path.join(top, 'docs/formats/flows-parquet.md')).read()
told = set()
for line in text.splitlines():
    if line.startswith('| `'):
        told |= set(re.findall(r'`(\w+)`', line.split('|')[1]))
t.check('there are columns', len(made) > 20, made)
t.equal('every column is told', sorted(made - told), [])
t.equal('every column told exists', sorted(told - made), [])
t.done()
