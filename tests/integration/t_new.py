#!/usr/bin/env python3
"""tools/new in a copy of the tree: one line of one existing file changes, and what it made builds, passes its own tests
and keeps every law of the house."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pot
from tap import ROOT, Tap, skip

KINDS = sorted(f.name for f in (ROOT / 'tools/new.d').iterdir())
t = Tap()


def run(*command, cwd, **more):
    r = subprocess.run([str(c) for c in command], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       timeout=270, check=False, **more)
    return r.returncode, r.stdout


def git(tree, *args):
    return run('git', '-c', 'user.name=t', '-c', 'user.email=t@example.net', *args, cwd=tree)


def copy(to):
    files = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard', '-z'], cwd=ROOT, capture_output=True,
                           text=True, check=True).stdout.split('\0')
    for f in filter(None, files):
        if (ROOT / f).is_file() and not f.startswith('web/'):
            (to / f).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / f, to / f)
    if (ROOT / '.deps').exists():
        (to / '.deps').symlink_to((ROOT / '.deps').resolve())
    git(to, 'init', '-q')
    git(to, 'add', '-A')
    git(to, 'commit', '-qm', 'as it is')


def changed(tree):
    """Existing files that differ, as (added lines, removed lines, name)."""
    return [line.split('\t') for line in git(tree, 'diff', '--numstat')[1].splitlines()]


def build(tree, names):
    env = dict(os.environ)
    compiler = ['ccache', 'gcc'] if shutil.which('ccache') else ['gcc']
    env['CC'] = ' '.join(compiler)
    status, out = run('meson', 'setup', 'b', '-Dbuildtype=plain', '-Doptimization=0', '-Darch=false', cwd=tree, env=env)
    if status == 0:
        fuzz = [f'fuzz/replay_{n}' for n in names if (tree / f'fuzz/fuzz_{n}.c').exists()]
        status, out = run('ninja', '-C', 'b', 'src/practice', 'tests/test_tables', *(f'tests/test_{n}' for n in names),
                          *fuzz, cwd=tree)
    return status == 0, out


if not shutil.which('git') or not (ROOT / '.git').exists():
    skip('not a git checkout')
with tempfile.TemporaryDirectory(prefix='practice-new-') as where:
    tree = pathlib.Path(where)
    copy(tree)
    for args, says in [(['no_such', 'x'], 'no kind'), ([KINDS[0], 'Bad-Name'], 'a name is'), ([KINDS[0]], 'Usage')]:
        status, out = run(sys.executable, 'tools/new', *args, cwd=tree)
        t.check(f'tools/new {" ".join(args)} is refused', status == 2 and says in out and not changed(tree), out)
    names = []
    for kind in KINDS:
        name = f'zz_{kind}'
        names.append(name)
        status, out = run(sys.executable, 'tools/new', kind, name, cwd=tree)
        t.check(f'{kind}: made', status == 0, out)
        edits = changed(tree)
        t.check(f'{kind}: one line of one existing file changed', len(edits) == 1 and edits[0][0] == '1' and
                edits[0][1] in '01' and edits[0][2].endswith('registry.c'), edits)
        new = git(tree, 'ls-files', '-o', '--exclude-standard')[1].split()
        t.check(f'{kind}: has code, a README and a test', {'.c', '.md'} <= {pathlib.Path(f).suffix for f in new} and
                any(f.startswith('tests/') for f in new), new)
        status, out = run(sys.executable, 'tools/new', kind, name, cwd=tree)
        t.check(f'{kind}: twice is refused, and changes nothing', status == 1 and changed(tree) == edits, out)
        git(tree, 'add', '-A')
        git(tree, 'commit', '-qm', kind)
    built, out = build(tree, names)
    t.check('all of it builds, warnings being errors', built, out[-3000:])
    for name in ['tables', *names]:
        status, out = run('b/tests/test_' + name, cwd=tree) if built else (1, 'not built')
        t.check(f'test_{name} passes', status == 0, out[-3000:])
        if built and (tree / f'b/fuzz/replay_{name}').exists():
            status, out = run(f'b/fuzz/replay_{name}', f'fuzz/corpus/{name}', cwd=tree)
            t.check(f'{name}: the fuzz target takes its seeds', status == 0, out)
    if built:  # the new vector in a honeypot that runs
        got = pot.ask(tree / 'b/src/practice', 7, b'ZZ_PROTO?\r\n', tree / 'pot', lines='vectors: zz_proto')
        t.check('a honeypot answers as the new vector', got['reply'].startswith(b'ZZ_PROTO! gw-'), got)
        t.equal('... and records it under its name', got['hits'], [('zz_proto', 7, 1)])
    for checker in ('layers', 'registries', 'budget'):
        status, out = run(sys.executable, f'tools/check_{checker}.py', '.', cwd=tree)
        t.check(f'the {checker} hold', status in (0, 77), out)
    if shutil.which('clang-format-14'):
        files = git(tree, 'diff', '--name-only', f'HEAD~{len(KINDS)}', 'HEAD', '--', '*.c', '*.h')[1].split()
        status, out = run('clang-format-14', '--dry-run', '-Werror', *files, cwd=tree)
        t.check('formatted as everything else', status == 0 and files, out[-2000:])
t.done()
