"""A new vector in a user's own file of stanzas: no file of the installation is touched, and a honeypot that runs answers it
and records it under its name. (A compiled one, by tools/new: t_new.py.)"""
import pathlib
import tempfile

import pot
from tap import PRACTICE, ROOT, Tap

OWN = """vectors:
  - name: lamp
    title: Lamp discovery
    about: what an operator saw in the catch-all observer last night
    ports: [28888]
    min-length: 4
    match: ['0 = "LAMP"; 4 = 01']
    loop: ['0 = "LAMP"; 4 = 81']
    reply: ['text "LAMP"', 'hex 81', 'copy 5 2', host, 'length 1 5 -5']
"""
t = Tap()


def tree():
    return {f: f.stat().st_mtime_ns for part in ('src', 'data') for f in sorted((ROOT / part).rglob('*')) if f.is_file()}


with tempfile.TemporaryDirectory(prefix='practice-own-') as where:
    work, before = pathlib.Path(where), tree()
    (work / 'own.yaml').write_text(OWN)
    got = pot.ask(PRACTICE, 28888, b'LAMP\x01\x07\x08', work / 'a', f'stanzas: {work}/own.yaml')
    t.check('it is answered as its stanza says', got['reply'].startswith(b'LAMP\x81\x09\x08gw-'), got)
    t.equal('... and recorded under its name', got['hits'], [('lamp', 28888, 1)])
    got = pot.ask(PRACTICE, 28888, b'LAMP\x81\x07\x08', work / 'b', f'stanzas: {work}/own.yaml')
    t.equal("somebody else's answer is neither answered nor counted", (got['reply'], got['hits']), (b'', []))
    # beside the shipped ones: a file of one's own that begins as theirs does
    (work / 'both.yaml').write_text((ROOT / 'data/vectors.yaml').read_text() + OWN.split('\n', 1)[1])
    got = pot.ask(PRACTICE, 28888, b'LAMP\x01\x07\x08', work / 'c', f'stanzas: {work}/both.yaml')
    t.equal('beside the shipped stanzas, too', (got['reply'][:7], got['hits']), (b'LAMP\x81\x09\x08', [('lamp', 28888, 1)]))
    t.check('no file of the installation has changed', tree() == before)
    (work / 'bad.yaml').write_text(OWN.replace('0 = "LAMP"; 4 = 01', '0 = "LAMP; 4 = 01'))
    got = pot.ask(PRACTICE, 28888, b'x', work / 'd', f'stanzas: {work}/bad.yaml')
    t.check('a mistake is named with file, line and key', 'bad.yaml:7: vector lamp, match:' in got['log'] and
            'a text has no closing quote' in got['log'], got['log'])
t.done()
