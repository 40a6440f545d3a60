"""Runs a script of tests/browser in node, with Debian's chromium and the portal with made records."""
import os
import pathlib
import shutil
import subprocess
import sys

from tap import ROOT, skip

SERVER = os.environ.get('PAGE_SERVER', str(ROOT / 'build/tests/page_server'))


def needs():
    """What every test in a browser takes."""
    for need in ('node', 'chromium'):
        if not shutil.which(need):
            skip(f'{need} is not installed')
    if not (ROOT / 'web/node_modules/playwright-core').is_dir():
        skip('web/node_modules is missing: ./dev build makes it')
    if not (ROOT / 'web/dist/index.html').is_file():
        skip('the page is not built: ./dev build makes it')


def run(script, *args):
    needs()
    if not pathlib.Path(SERVER).is_file():
        skip('page_server is not built')
    done = subprocess.run(['node', str(ROOT / 'tests/browser' / script), SERVER, *args], timeout=290, env={**os.environ, 'PRACTICE_SOURCE': str(ROOT)})
    sys.exit(done.returncode)
