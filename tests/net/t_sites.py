#!/usr/bin/env python3
"""Three sites in network namespaces, their leaf servers, a hub of three nodes, the store: every record that the sensors made is
stored, once, whatever breaks meanwhile: a line, servers at both ends, sensor and store, a full disk, repeated messages, a clock
that is set. bench/eleven_sites.py is the same with eleven sites, an hour at 60 times real time."""
import os
import pathlib
import shutil
import tempfile

import breakage
from nats import eventually
from sites import Sites, difference, rows_of, stepped
from tap import Tap, practice, skip

SPEED = 120
if os.geteuid() != 0:
    skip('network namespaces need root')
if not shutil.which('ip') or not shutil.which('tc'):
    skip('iproute2 is not installed')
t = Tap()


def captures(base):
    st, _, err = practice('gen', 'quiet', '--out', base / 'made', '--sensors', 3, '--hours', 1, '--rate', 15)
    t.equal('three captures', st, 0)
    tokyo, oslo, lima = sorted((base / 'made').glob('*.pcap'))
    caps = {'tokyo': tokyo, 'oslo': stepped(oslo, base / 'stepped.pcap'), 'lima': lima}
    st, _, err = practice('replay', '--quiet', '--engines', 'noise', '--store', base / 'expected', *(f'{n}={c}' for n, c in caps.items()))
    t.check('replayed into a store', st == 0, err)
    return caps


def begin(h, caps):
    (st, _, err), applied = h.begin()
    t.check('the hub begins', st == 0 and applied, err)
    for n, c in caps.items():
        h.join(n, c, disk=800000 if n == 'lima' else 0)
    h.reload()
    for n in caps:
        h.start_leaf(n)
        eventually(lambda: h.at_site(n).close() or True)
    h.hub_run()
    for n in caps:
        h.play(n, SPEED)
    t.check('records arrive', eventually(lambda: min((h.progress() or [{'': 0}])[0].values()) > 2), h.said('run'))


def broken(h):
    def stored(what, seconds):
        t.check(f'{what}: all is stored soon after', seconds is not None, [h.log(n)[-800:] for n in h.nodes] + [h.said('run')[-800:]])
        print(f'# {seconds} s', flush=True)

    stored('a line is cut, another loses nine of ten packets', breakage.line(h, 3, cut=['tokyo'], lossy=['oslo']))
    others, whole = breakage.hub_node(h, h.nodes[0], 0)
    stored('kill -9 of the node that the roles use', others)
    t.check('it comes back and is whole again', whole is not None)
    stored('kill -9 of a leaf', breakage.leaf(h, 'oslo', 1))
    stored('kill -9 of a sensor', breakage.sensor(h, 'tokyo', SPEED))
    stored('kill -9 of the store', breakage.store(h))
    full, _, seconds = breakage.full_disk(h, 'lima', 1 << 26)
    t.check('a site\'s disk was full', full)
    stored('a full disk', seconds)


with tempfile.TemporaryDirectory(prefix='sites-') as tmp:
    base = pathlib.Path(tmp).resolve()
    caps = captures(base)
    with Sites(base, *caps) as h:
        begin(h, caps)
        broken(h)
        t.check('all is played', eventually(lambda: all(h.played(n) for n in caps), 60), h.said('sensor-lima')[-800:])
        said, new = breakage.again(h, 'oslo')
        t.check('all that a site said, said again under the same ids, is known', said > 200 and new == 0, (said, new))
        t.check('all is stored', h.caught_up() is not None)
        t.equal('no message is twice at the hub', {n: h.progress()[0][n] - h.published(n) for n in caps}, dict.fromkeys(caps, 0))
        t.equal('the hub ends in order', h.stop('run'), 0)
        for n in caps:
            got, want = rows_of(n, '--store', h.data / 'practice/store'), rows_of(n, '--store', base / 'expected')
            t.check(f'{n}: the store has what was captured', sum(got.values()) > 10000 and got == want,
                    f'missing, extra, duplicate: {difference(got, want)}')
t.done()
