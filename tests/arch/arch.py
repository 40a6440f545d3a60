"""For tests of the checkers: TAP, and scratch trees that keep or break one law."""
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get('PRACTICE_SOURCE', pathlib.Path(__file__).resolve().parents[2]))
PRACTICE = os.environ.get('PRACTICE', str(SOURCE / 'build/src/practice'))
BUILD = pathlib.Path(PRACTICE).parents[1]
count = failed = 0
kept = []  # scratch trees live as long as the test


def ok(condition, name, why=''):
    global count, failed
    count += 1
    print(f'{"ok" if condition else "not ok"} {count} - {name}', flush=True)
    if not condition:
        failed += 1
        for line in str(why).splitlines()[:60]:
            print(f'# {line}')


def done():
    print(f'1..{count}')
    sys.exit(failed > 0)


def skip(why):
    print(f'1..0 # SKIP {why}')
    sys.exit(0)


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
