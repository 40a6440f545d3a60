#!/usr/bin/env python3
"""Subscriptions in a real browser: tests/browser/views_subs.mjs."""
import tempfile

from browser import run

with tempfile.TemporaryDirectory() as home:
    run('views_subs.mjs', home + '/access.db')
