#!/usr/bin/env python3
"""Signing in by OpenID Connect in a real browser, at a real provider on another site: tests/browser/oidc.mjs."""
import os
import subprocess
import sys

from glewlwyd import PASSWORD, Glewlwyd
from oidc import CALLBACK, public_of, site
from tap import ROOT

# What lib.mjs starts as its server: the portal is there already.
HERE = "import sys; print('port', sys.argv[1], flush=True); sys.stdin.read()"
with Glewlwyd('localhost') as g:  # another site than 127.0.0.1: cookies of SameSite=Strict do not come along
    for name in ('mika', 'ren'):
        g.user(name, name.title())
    s = site(g.issuer, g.secret, ', own-second-factor: yes', [('mika', 'analyst')], own=True)
    g.client(public_of(s) + CALLBACK)
    with s:
        done = subprocess.run(['node', str(ROOT / 'tests/browser/oidc.mjs'), sys.executable, '-c', HERE, str(s.port)], timeout=120,
                              env={**os.environ, 'PRACTICE_SOURCE': str(ROOT), 'THERE': PASSWORD})
        if done.returncode:
            print(s.logs().replace('\n', '\n# '))
sys.exit(done.returncode)
