#!/usr/bin/env python3
"""English and Japanese are both complete: the same keys, the same blanks, every key that the page uses, none that it does not."""
import json
import re

from tap import ROOT, Tap

SRC = ROOT / 'web/src'
t = Tap()


def catalogue(folder):
    """Both languages of one folder; without texts of its own, none."""
    files = [SRC / folder / f'{x}.json' for x in ('en', 'ja')]
    return [json.loads(f.read_text()) if f.is_file() else {} for f in files]


def used_in(files, known):
    """Keys that the code names, and beginnings of keys that it puts together."""
    code = '\n'.join(f.read_text() for f in sorted(files))
    keys = set(re.findall(r"\bt\('(\w+)'", code)) | set(re.findall(r"'(unit_\w+|stat_\w+|title_\w+)'", code))
    keys |= {k for pair in re.findall(r"\? '(\w+)' : '(\w+)'", code) for k in pair if k in known}
    keys |= {k for k in re.findall(r"'(\w+)'", code) if '_' in k and k in known}
    return {k for k in keys if not k.endswith('_')}, set(re.findall(r"\bt\('(\w+_)' \+", code)) | set(re.findall(r"\bt\(`(\w+_)\$\{", code))


blanks = lambda s: sorted(re.findall(r'\{\w+\}', s))
SAME = ('tz_utc', 'tz_jst', 'footer_api', 'told_way_webhook', 'told_way_csv', 'told_way_bgp')
views = sorted(d.name for d in (SRC / 'views').iterdir())
shared = catalogue('i18n')
everywhere = list((SRC).rglob('*.js'))
own = {v: catalogue(f'views/{v}') for v in views}
t.check('more than a handful of texts', len(shared[0]) + sum(len(en) for en, _ in own.values()) > 100)
seen = set()
for name, (en, ja) in {'all views': shared, **own}.items():
    files = [f for f in everywhere if name == 'all views' or f.parent.name == name]
    t.equal(f'{name}: the same keys in both languages', sorted(ja), sorted(en))
    t.equal(f'{name}: the same blanks to fill', [k for k in en if blanks(en[k]) != blanks(ja.get(k, ''))], [])
    t.equal(f'{name}: nothing left in English', [k for k in en if en[k] == ja.get(k) and k not in SAME and not k.endswith('_same')], [])
    t.equal(f'{name}: no empty text', [k for k in en if not en[k].strip() or not ja[k].strip()], [])
    t.equal(f'{name}: no key that another catalogue has', sorted(seen & set(en)), [])
    seen |= set(en)
    used, prefixes = used_in(files, en)
    t.equal(f'{name}: no key is there for nothing', sorted(k for k in en if k not in used and not any(k.startswith(p) for p in prefixes)), [])
    if name != 'all views':
        there = set(shared[0]) | set(en)
        t.equal(f'{name}: every key it uses is there', sorted(k for k in used if k not in there), [])
rest = [f for f in everywhere if f.parent.name not in views]
t.equal('every key that no view owns is there', sorted(k for k in used_in(rest, shared[0])[0] if k not in shared[0]), [])
en, code = shared[0], '\n'.join(f.read_text() for f in everywhere)
listed = re.findall(r"name: '([\w-]+)', path: '([^']+)'.*title: \['([^']+)', '([^']+)'\]", (SRC / 'views.js').read_text())
t.check('every view has a title in both languages', len(listed) == (SRC / 'views.js').read_text().count('load:') and all(e != j for _, _, e, j in listed), listed)
route = (ROOT / 'src/portal/route.c').read_text()
answered = set(re.findall(r'"([^"]+)"', re.search(r'\bviews\[\] = \{(.*?)\};', route, re.S).group(1)))
t.equal('the portal answers the path of every view, and no other', {p.removesuffix('*') for _, p, _, _ in listed}, answered)
for p, words in {'sev_': 'critical high medium low notice', 'state_': 'open update resume close', 'health_': 'ok late silent loss',
                 'conn_': 'connecting live reconnecting error paused', 'quality_': 'silent late loss'}.items():
    t.equal(f'all of {p}*', [w for w in words.split() if p + w not in en], [])

html = (SRC / 'index.html').read_text()
t.check('no inline script or style', not re.search(r'<style|style=|<script(?![^>]*src=)|\son\w+=', html))
t.check('no markup from strings', not re.search(r'innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML', code))
lock = (ROOT / 'web/package-lock.json').read_text()
t.check('the lock file names no registry', '"resolved"' not in lock and 'registry' not in lock)
pinned = json.loads((ROOT / 'web/package.json').read_text())
t.equal('versions are exact', [v for k in ('dependencies', 'devDependencies') for v in pinned[k].values() if not re.fullmatch(r'\d+\.\d+\.\d+', v)], [])
engines = {k: v['engines']['node'] for k, v in json.loads(lock)['packages'].items() if 'node' in v.get('engines', {})}
t.equal("Debian 12's nodejs 18 is enough", {k: v for k, v in engines.items() if int(re.search(r'\d+', v).group()) > 18}, {})
t.done()
