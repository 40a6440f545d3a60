"""For tests of the checkers: TAP, and scratch trees that keep or break one law."""
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
from tap import PRACTICE, ROOT as SOURCE, Tap, skip  # noqa: E402

BUILD = pathlib.Path(PRACTICE).parents[1]
kept = []  # scratch trees live as long as the test
tap = Tap()
done = tap.done


def ok(condition, name, why=''):
    return tap.check(name, condition, why)


def run(*command, **more):
    """(exit status, everything it said)"""
    r = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       timeout=120, check=False, **more)
    return r.returncode, r.stdout


def tool(name, *args):
    return run(sys.executable, SOURCE / 'tools' / name, *args)


class Scratch:
    """A small tree: Scratch({'src/base/a.c': 'text', ...}); .put() adds; .path is the root."""

    def __init__(self, files):
        self.dir = tempfile.TemporaryDirectory(prefix='practice-arch-')
        self.path = pathlib.Path(self.dir.name)
        kept.append(self)
        self.put(files)

    def put(self, files):
        for name, text in files.items():
            f = self.path / name
            f.parent.mkdir(parents=True, exist_ok=True)
            f.write_text(text)
        return self

    def archives(self):
        """Compiles src/ROOM/**/*.c at -O0 into lib/libROOM.a; returns that folder."""
        lib = self.path / 'lib'
        lib.mkdir(exist_ok=True)
        for room in sorted((self.path / 'src').iterdir()):
            objects = []
            for c in sorted(room.rglob('*.c')):
                o = lib / f'{room.name}_{c.stem}.o'
                status, out = run('gcc', '-O0', '-w', '-fPIE', '-I', self.path / 'src', '-c', c, '-o', o)
                assert status == 0, out
                objects.append(o)
            run('ar', 'rcs', lib / f'lib{room.name}.a', *objects)
        return lib
