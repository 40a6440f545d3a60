"""TAP for test scripts that drive the built program.

    from tap import Tap, practice, shared
    t = Tap()
    t.check('what should hold', condition, 'what was seen instead')
    t.done()
"""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(os.environ.get('PRACTICE_SOURCE', pathlib.Path(__file__).resolve().parents[2]))
PRACTICE = os.environ.get('PRACTICE', str(ROOT / 'build/src/practice'))


class Tap:
    def __init__(self):
        self.n = self.bad = 0

    def check(self, what, ok, saw=''):
        self.n += 1
        self.bad += not ok
        print(('ok' if ok else 'not ok'), self.n, '-', what, flush=True)
        if not ok and saw != '':
            for line in str(saw).splitlines()[:40]:
                print('#', line, flush=True)
        return bool(ok)

    def equal(self, what, saw, wanted):
        return self.check(what, saw == wanted, f'saw    {saw!r}\nwanted {wanted!r}')

    def done(self):
        print(f'1..{self.n}')
        sys.exit(1 if self.bad or self.n == 0 else 0)


def skip(why):
    """The whole script: a test that this machine cannot run."""
    print(f'1..0 # SKIP {why}')
    sys.exit(0)


def shared(path):
    """A file of the data folder beside the checkout, or None: it is never part of the tree."""
    for base in (os.environ.get('PRACTICE_SHARED'), ROOT / '../shared', ROOT / '../../shared'):
        if base and (pathlib.Path(base) / path).exists():
            return str(pathlib.Path(base) / path)
    return None


def practice(*args, timeout=120, **kw):
    """Runs the program; (exit status, stdout, stderr) as text."""
    r = subprocess.run([PRACTICE, *map(str, args)], capture_output=True, text=True, timeout=timeout, **kw)
    return r.returncode, r.stdout, r.stderr
