#!/usr/bin/env python3
"""English and Japanese are both complete: the same keys, the same blanks, every key that the page uses, none that it does not."""
import json
import re

from tap import ROOT, Tap

SRC = ROOT / 'web/src'
NEVER_TRANSLATED = re.compile(r'[A-Za-z0-9 {}%/]+')
t = Tap()
en, ja = (json.loads((SRC / f'i18n/{x}.json').read_text()) for x in ('en', 'ja'))
t.equal('the same keys in both languages', sorted(ja), sorted(en))
t.check('more than a handful of them', len(en) > 100)
blanks = lambda s: sorted(re.findall(r'\{\w+\}', s))
t.equal('the same blanks to fill', [k for k in en if blanks(en[k]) != blanks(ja.get(k, ''))], [])
same = [k for k in en if en[k] == ja.get(k) and k not in ('tz_utc', 'tz_jst', 'footer_api', 'asn')]
t.equal('nothing left in English', same, [])
t.equal('no empty text', [k for k in en if not en[k].strip() or not ja[k].strip()], [])

code = '\n'.join(f.read_text() for f in sorted(SRC.glob('*.js')))
used = set(re.findall(r"\bt\('(\w+)'", code)) | set(re.findall(r"'(unit_\w+|stat_\w+|title_\w+)'", code))
used |= {k for a, b in re.findall(r"\? '(\w+)' : '(\w+)'", code) for k in (a, b) if k in en}
prefixes = set(re.findall(r"\bt\('(\w+_)' \+", code))
known = lambda k: k in en or any(k.startswith(p) for p in prefixes)
t.equal('every key the page uses is there', sorted(k for k in used if k not in en and not k.endswith('_')), [])
t.equal('no key is there for nothing', sorted(k for k in en if k not in used and not any(k.startswith(p) for p in prefixes)), [])
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
