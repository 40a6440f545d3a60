#!/usr/bin/env python3
"""Every kind of finding that an engine or a watch says has a sentence and a title of the page's own, in both languages."""
import json
import re

from tap import ROOT, Tap

t = Tap()
LITERAL = r'"([a-z]+(?:-[a-z]+)*)"'


def named(code, expr):
    """The kinds in the table or function that the expression names; of a table of structs, what each begins with."""
    name = re.match(r'\w+', expr)[0]
    m = re.search(r'\b' + name + r'(?:\[[^=;]*\] =|\([^;{]*\)\s*\{)(.*?)(?:\};|\n\})', code, re.S) or re.search(r'\}\s*' + name + r'\[[^=;]*\] = (.*?);', code, re.S)
    return re.findall((r'\{' if '].' in expr else '') + LITERAL, m[1]) if m else []


said, unread = set(), []
for path in sorted((ROOT / 'src').rglob('*.c')):
    code = path.read_text()
    if path.relative_to(ROOT / 'src').parts[0] in ('eval', 'store', 'portal', 'view') or 'struct finding' not in code:
        continue
    for expr in re.findall(r'\.kind = ([^,;]+)[,;]', code):
        kinds = [expr.strip('"')] if expr.startswith('"') else named(code, expr)
        said |= set(kinds)
        unread += [f'{path.relative_to(ROOT)}: {expr}'] if not kinds and '->' not in expr else []
t.equal('all that name a kind are understood', unread, [])
known = json.loads((ROOT / 'tests/browser/kinds.json').read_text())
t.equal('the kinds that the browser test looks at are those that are said', sorted(known), sorted(said))
for what, path in (('sentence', 'said.js'), ('title', 'words.js')):
    code = (ROOT / 'web/src' / path).read_text()
    table = re.search(r'const (?:SAID|TITLES) = \{(.*?)\n\};', code, re.S)[1]
    t.equal(f'each has a {what}, and nothing else has', sorted(set(re.findall(r"(?:^|[ ,])'?([a-z]+(?:-[a-z]+)*)'?: (?:\(|')", table, re.M))), sorted(said))
    keys = set(re.findall(r"'((?:said|title)_\w+)'", table))
    for l in ('en', 'ja'):
        words = json.loads((ROOT / f'web/src/i18n/{l}.json').read_text())
        t.equal(f'... in {l}', sorted(k for k in keys if not words.get(k, '').strip()), [])

# What a finding says beside its fields: declared once, written in every language, and documented.
facts = re.findall(r'F\(\w+, "([\w-]+)", "([^"]*)",\s*"([^"]*)"\)', (ROOT / 'src/model/facts.h').read_text().replace('\\\n', '\n'))
t.check('there are facts, and none twice', len(facts) > 50 and len({n for n, _, _ in facts}) == len(facts))
OTHERS = ('all', 'between', 'under', 'over', 'around')
for l in ('en', 'ja'):
    words = json.loads((ROOT / f'web/src/i18n/{l}.json').read_text())
    t.equal(f'each fact has a phrase in {l}, and nothing else has', sorted(k[5:] for k in words if k.startswith('fact_') and k[5:] not in OTHERS), sorted(n.replace('-', '_') for n, _, _ in facts))
    t.equal(f'... with its value in it, in {l}', [n for n, e, _ in facts if (e != 'yes') != ('{v}' in words['fact_' + n.replace('-', '_')])], [])
doc = (ROOT / 'docs/formats/finding-facts.md').read_text()
t.equal('docs/formats/finding-facts.md says what the table says', re.findall(r'^\| `([\w-]+)` \| `([^`]*)` \| (.*) \|$', doc, re.M), facts)
used = set(re.findall(r'MODEL_FACT_(\w+)', '\n'.join(p.read_text() for p in (ROOT / 'src').rglob('*.c') if p.name != 'facts.c')))
t.equal('somebody says each', sorted(w for w in re.findall(r'F\((\w+), "', (ROOT / 'src/model/facts.h').read_text()) if w not in used), [])
by_kind = doc[doc.index('## By kind'):]
t.equal('and the document says who', sorted({n for n, _, _ in facts} - set(re.findall(r'`([\w-]+)`', by_kind))), [])
t.done()
