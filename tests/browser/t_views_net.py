#!/usr/bin/env python3
"""Groups, sensors compared, one's own network and the machinery in a real browser: tests/browser/views_net.mjs."""
from browser import run

run('views_net.mjs')
