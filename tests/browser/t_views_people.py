#!/usr/bin/env python3
"""One's own account and the administration in a real browser: tests/browser/views_people.mjs."""
import tempfile

from browser import run

with tempfile.TemporaryDirectory() as home:
    run('views_people.mjs', home + '/access.db')
