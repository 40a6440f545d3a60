#!/usr/bin/env python3
"""Writes the built page as one C file (src/portal/asset.h). Usage: embed.py DIST OUT.c
The file is only touched when its content changes. Without DIST/index.html the table holds one text that says how
to build the page, so that the program builds without node."""
import gzip
import hashlib
import pathlib
import re
import sys

TYPES = {'.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
         '.json': 'application/json', '.svg': 'image/svg+xml', '.png': 'image/png', '.txt': 'text/plain; charset=utf-8',
         '.webmanifest': 'application/manifest+json'}
MISSING = b"""The page has not been built into this program.

Build it with:   ./dev build        (needs nodejs 18 or newer, and npm)
The API works:   /api/v1/status     described by /api/v1/openapi.json
"""


def files(dist):
    """(path, type, plain, gzip, brotli, immutable) of every file, in order of paths."""
    if not (dist / 'index.html').is_file():
        return [('/index.html', TYPES['.txt'], MISSING, b'', b'', False)]
    out = []
    for f in sorted(dist.rglob('*')):
        rel = f.relative_to(dist).as_posix()
        if not f.is_file() or f.suffix in ('.gz', '.br', '.map') or any(p.startswith('.') for p in rel.split('/')):
            continue
        plain = f.read_bytes()
        gz, br = (pathlib.Path(f'{f}.{e}') for e in ('gz', 'br'))
        packed = gz.read_bytes() if gz.is_file() else gzip.compress(plain, 9, mtime=0)
        small = br.read_bytes() if br.is_file() else b''
        hashed = re.search(r'-[0-9A-Z]{8}\.[a-z]+$', rel) is not None
        out.append(('/' + rel, TYPES.get(f.suffix, 'application/octet-stream'), plain,
                    packed if len(packed) < len(plain) else b'', small if 0 < len(small) < len(plain) else b'', hashed))
    return out


def array(name, data):
    lines = [','.join(str(b) for b in data[i:i + 32]) for i in range(0, len(data), 32)]
    return f'static const unsigned char {name}[] = {{\n' + ',\n'.join(lines) + '};\n'


def source(entries):
    out, rows = ['/* Made by tools/embed.py from web/dist. */\n#include "portal/asset.h"\n\n'], []
    for i, (path, kind, plain, packed, small, hashed) in enumerate(entries):
        etag = hashlib.sha256(plain).hexdigest()[:20]
        forms = []
        for letter, data in (('p', plain), ('g', packed), ('b', small)):
            if data:
                out.append(array(f'{letter}{i}', data))
            forms.append(f'{{{letter}{i}, sizeof {letter}{i}}}' if data else '{0, 0}')
        rows.append(f'    {{"{path}", "{kind}", "{etag}", {"true" if hashed else "false"}, {", ".join(forms)}}},\n')
    out.append('const struct portal_asset portal_assets[] = {\n' + ''.join(rows) + '};\n')
    out.append(f'const size_t portal_assets_n = {len(rows)};\n')
    return ''.join(out)


def main():
    dist, to = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    text = source(files(dist))
    if not to.is_file() or to.read_text() != text:
        to.write_text(text)


main()
