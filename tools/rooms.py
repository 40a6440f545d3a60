"""What tools/layers.txt says: which room may know which. One reader for all checkers."""
import pathlib
import re


def allowed(root):
    """room -> the rooms it may include, in the order of the file (lower layers first)"""
    rooms = {}
    for line in (pathlib.Path(root) / 'tools/layers.txt').read_text().splitlines():
        line = line.split('#')[0].strip()
        if line:
            room, rest = line.split(':', 1)
            rooms[room.strip()] = set(rest.split())
    return rooms


def registries(root):
    """registry.c files that list plug-ins as X(name) -> the names, in order. app and model list no folders."""
    found = {}
    for f in sorted((pathlib.Path(root) / 'src').rglob('registry.c')):
        if f.parent.name in ('app', 'model'):
            continue
        macro = re.search(r'^#define \w+\(X\)((?:.*\\\n)*.*)$', f.read_text(), re.M)
        found[f] = re.findall(r'\bX\((\w+)\)', macro.group(1)) if macro else []
    return found


def folder(name):
    """A plug-in's folder: X(csv_marx) may live in csv-marx or csv_marx."""
    return (name, name.replace('_', '-'))
