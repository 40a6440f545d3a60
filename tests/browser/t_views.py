#!/usr/bin/env python3
"""All other views in a real browser: tests/browser/views.mjs. PAGE_SHOTS=DIR: and a picture of each."""
from browser import run

run('views.mjs')
