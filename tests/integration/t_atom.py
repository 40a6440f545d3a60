"""Feeds as Atom, made of random bytes (tests/unit/test_atom.c): a parser of XML reads each of them, and finds text and nothing else."""
import pathlib
import subprocess
import xml.etree.ElementTree

from tap import PRACTICE, Tap

ATOM = '{http://www.w3.org/2005/Atom}'
t, n = Tap(), 2000
made = subprocess.run([pathlib.Path(PRACTICE).parents[1] / 'tests/test_atom', '--write', str(n)], capture_output=True, check=True)
feeds, bad = made.stdout.split(b'\0')[:-1], []
for f in feeds:
    try:
        root = xml.etree.ElementTree.fromstring(f)
    except xml.etree.ElementTree.ParseError as why:
        bad.append((str(why), f))
        continue
    tags = [e.tag for e in root.iter()]
    if tags.count(ATOM + 'entry') != 1 or len(tags) != 17:
        bad.append((tags, f))
t.equal('feeds of random bytes', len(feeds), n)
t.check('each is well-formed, with the elements that we wrote and no others', not bad, bad[:2])
t.done()
