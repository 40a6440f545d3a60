#!/usr/bin/env python3
"""The budgets: this tree keeps them, a planted excess is seen, an exception may only fall."""
import shutil

from arch import SOURCE, Scratch, done, ok, skip, tool

if not shutil.which('pmccabe'):
    skip('pmccabe is not installed')


def function(lines, branches=0, name='f'):
    ifs = ''.join(f'  if (x == {i}) x++;\n' for i in range(branches))
    rest = ''.join('  x += 1;\n' for _ in range(lines - 4 - branches))
    return f'int {name}(int x)\n{{\n{ifs}{rest}  return x;\n}}\n'


def tree(files, budget=''):
    return Scratch({'tools/budget.txt': '# head\n' + budget, 'src/base/ok.c': function(60, 14), **files})


CASES = [
    ('a tree within all limits', {}, '', 0, '0 over'),
    ('a function of 61 lines', {'src/base/a.c': function(61)}, '', 1, 'a.c:f: lines 61, budget 60'),
    ('complexity 16', {'src/base/a.c': function(40, 15)}, '', 1, 'a.c:f: complexity 16, budget 15'),
    ('a .c file of 501 lines', {'src/base/a.c': '/* */\n' * 501}, '', 1, 'a.c: file 501, budget 500'),
    ('a header of 201 lines', {'src/base/a.h': '/* */\n' * 201}, '', 1, 'a.h: header 201, budget 200'),
    ('an exception at its number', {'src/base/a.c': function(70)}, 'lines src/base/a.c:f 70\n', 0, '0 over'),
    ('an exception that grew', {'src/base/a.c': function(71)}, 'lines src/base/a.c:f 70\n', 1, 'lines 71, budget 70'),
    ('an exception beyond the hard limit', {'src/base/a.c': function(81)}, 'lines src/base/a.c:f 81\n', 1,
     '80 is the end'),
    ('a kernel may have 120', {'src/math/a.c': function(120)}, 'lines src/math/a.c:f 120\n', 0, '0 over'),
    ('an exception that fell', {'src/base/a.c': function(65)}, 'lines src/base/a.c:f 70\n', 0, 'fell from 70 to 65'),
    ('an exception no longer needed', {'src/base/a.c': function(30)}, 'lines src/base/a.c:f 70\n', 0,
     'no exception any more'),
]

status, out = tool('check_budget.py', SOURCE)
ok(status == 0, 'this tree is within its budget', out)
for name, files, budget, wanted, says in CASES:
    status, out = tool('check_budget.py', tree(files, budget).path)
    ok(status == wanted and says in out, name, out)
t = tree({'src/base/a.c': function(65), 'src/base/b.c': function(30)},
         'lines src/base/a.c:f 70\nlines src/base/b.c:f 70\n')
tool('check_budget.py', t.path, '--lower')
text = (t.path / 'tools/budget.txt').read_text()
ok(text == '# head\nlines src/base/a.c:f 65\n', '--lower takes what has fallen, and forgets what is good', text)
t = tree({'src/base/a.c': function(75)}, 'lines src/base/a.c:f 70\n')
tool('check_budget.py', t.path, '--lower')
text = (t.path / 'tools/budget.txt').read_text()
ok('lines src/base/a.c:f 70' in text, '--lower never raises', text)
done()
