#!/usr/bin/env python3
"""The live view in a real browser: tests/browser/page.mjs."""
from browser import run

run('page.mjs')
