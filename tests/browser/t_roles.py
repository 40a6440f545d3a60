#!/usr/bin/env python3
"""The portal with accounts in a real browser, as each role: tests/browser/roles.mjs."""
import tempfile

from browser import run

with tempfile.TemporaryDirectory() as home:
    run('roles.mjs', home + '/access.db')
