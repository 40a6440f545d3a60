#!/usr/bin/env python3
"""Prints the files below DIR (relative to ROOT, sorted) whose names match PATTERN: how meson learns of a new plug-in
folder without an edited line. Usage: sources.py ROOT DIR PATTERN"""
import pathlib
import sys

root, where, pattern = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
print('\n'.join(str(p.relative_to(root)) for p in sorted((root / where).rglob(pattern))))
