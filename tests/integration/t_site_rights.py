#!/usr/bin/env python3
"""What a site's own programs may not do at their server, however they ask; that what is left is enough for them; and who does
the rest: new kinds of records come into a site's stream from the hub."""
import json
import pathlib
import socket
import subprocess
import tempfile

from hub import Hub
from nats import eventually, free_ports
from natslab import Lab
from tap import PRACTICE, Tap

t = Tap()

SAID = ['alert.main', 'episode.all', 'finding.surge', 'label.x', 'mark.engine', 'tick.collector', 'decision.isp', 'subscription.isp',
        'errand.portal', 'told.all', 'delivery.all', 'lease.engine', 'state.engine.head', 'deliver.x.y', '$JSC.R.x', 'anything']
HEARD = ['>', 'flow.>', 'alert.>', 'deliver.>', '$JS.>', '$JSC.>', '$SYS.>']
# Of their own stream; {0} is its name.
ASKED = ['STREAM.UPDATE.{0}', 'STREAM.DELETE.{0}', 'STREAM.PURGE.{0}', 'STREAM.MSG.GET.{0}', 'STREAM.MSG.DELETE.{0}', 'STREAM.SNAPSHOT.{0}',
         'STREAM.CREATE.OTHER', 'STREAM.RESTORE.OTHER', 'STREAM.NAMES', 'STREAM.LIST', 'CONSUMER.NAMES.{0}', 'CONSUMER.LIST.{0}',
         'CONSUMER.DURABLE.CREATE.{0}.x', 'CONSUMER.CREATE.{0}.x', 'DIRECT.GET.{0}', 'INFO']
# Of others'; {0} is a stream.
OTHERS = ['STREAM.INFO.{0}', 'STREAM.MSG.GET.{0}', 'STREAM.DELETE.{0}', 'CONSUMER.DURABLE.CREATE.{0}.x', 'CONSUMER.MSG.NEXT.{0}.x']


def refused(c, subject, say):
    """The server says no, and the connection lives. With a domain it names the subject without."""
    before = len(c.errors)
    say(subject)
    c.ping()
    return any('Permissions Violation' in e and e.split('"')[1].rsplit('.API.')[-1] in subject for e in c.errors[before:])


def config(h, name):
    """Of the site's stream, as the hub's own programs see it."""
    with h.at_hub() as hub:
        reply = f'deliver.{h.domain(name)}.{hub.inbox[7:]}'
        sid = hub.sub(reply)
        hub.pub(f'$JS.{h.domain(name)}.API.STREAM.INFO.PRACTICE-{name}', b'', reply)
        got = hub.next(sid)
        return json.loads(got[3])['config'] if got and got[3] else None


def programs(h):
    before = eventually(lambda: config(h, 'tokyo'))
    with h.at_site('tokyo') as c:
        pub = lambda s: c.pub(s, b'{}', c.inbox + '.x')
        t.equal('a site\'s programs say no records but their own', [s for s in SAID if not refused(c, s, pub)], [])
        t.equal('they hear nothing but answers', [s for s in HEARD if not refused(c, s, c.sub)], [])
        own = [f'{api}.{x.format("PRACTICE-tokyo")}' for api in ('$JS.API', f'$JS.{h.domain("tokyo")}.API') for x in ASKED]
        t.equal('they do not change, empty, read or remove their stream, nor make another', [s for s in own if not refused(c, s, pub)], [])
        others = [f'$JS.{d}.API.{x.format(s)}' for d, s in ((h.domain('oslo'), 'PRACTICE-oslo'), ('hub', 'PRACTICE')) for x in OTHERS]
        others += [f'$JS.API.{x.format(s)}' for s in ('PRACTICE-oslo', 'PRACTICE') for x in OTHERS]
        others += ['$JS.ACK.PRACTICE.store.1.1.1.1.0', '$JS.ACK.PRACTICE-oslo.x.1.1.1.1.0']
        t.equal('nor any of another\'s', [s for s in others if not refused(c, s, pub)], [])
        c.js('STREAM.CREATE.PRACTICE-tokyo', dict(before or {}, max_msgs=1), timeout=2)
    t.equal('a stream that is there is not made anew with other settings', (bool(before), config(h, 'tokyo')), (True, before))


def enough(h, lab):
    """Sensor and honeypot of the site, as the program's own client."""
    where = h.base / 'tokyo/practice.yaml'
    sensor = lab.client('sensor.tokyo', where)
    t.equal('their rights are enough for a sensor', [sensor('pub flow.tokyo f1 1'), sensor('pub health.tokyo h1 1'), sensor('flush 20000')],
            ['ok'] * 3)
    with h.at_hub() as hub:
        t.check('(it arrives at the hub)', eventually(lambda: {'flow.tokyo', 'health.tokyo'} <= set(h.subjects(hub))), h.subjects(hub))
    for _ in range(2):  # it keeps no place, and begins anew
        pot = lab.client('honeypot.tokyo-honeypot', where)
        t.equal('... for a honeypot, which reads', [pot('sub new episode.'), pot('pub hit.tokyo-honeypot - 1'), pot('flush 20000'), pot.take(1, 1500)],
                ['ok', 'ok', 'ok', []])
        t.equal('... refused nothing', [e for e in pot.events() if e['event'] in ('bus_nats_denied', 'bus_nats_lost')], [])
        pot.kill()
    honeypot(h, lab, where)
    return sensor


def honeypot(h, lab, where):
    """The role itself: it listens, and nothing is refused to it."""
    offset = free_ports(1)[0] // 2
    conf = h.base / 'pot.yaml'
    conf.write_text(where.read_text().replace('run:\n', 'run:\n  drop-rights: no\n') +
                    f'honeypots:\n  - name: tokyo-pot\n    listen: [ 127.0.0.1 ]\n    vectors: [ chargen ]\n    port-offset: {offset}\n')
    p = subprocess.Popen([PRACTICE, 'honeypot', '--config', conf, '--data', h.base / 'pot-data'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True)
    lab.started.append(p)
    with h.at_hub() as hub, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        def heard():
            s.sendto(b'\n', ('127.0.0.1', 19 + offset))
            return {'hit.tokyo-pot', 'health.tokyo-pot'} & set(h.subjects(hub))
        t.check('the honeypot itself is heard at the hub', eventually(heard, 60), h.subjects(hub))
    p.terminate()
    said = p.communicate(timeout=60)[0]
    t.check('... and refused nothing', 'bus_nats_denied' not in said and 'bus_nats_lost' not in said, said[-2000:])


def kinds(h, sensor):
    """The stream was made with the subjects of before (hub.SUBJECTS)."""
    before = config(h, 'tokyo')
    t.check('(the stream is of before)', 'packet.>' not in before['subjects'], before)
    t.equal('a kind that the stream does not have is left out', [sensor('pub packet.tokyo p1 1'), sensor('flush 20000')], ['ok', 'ok'])
    t.check('... which is said', sensor.said('bus_nats_stream_narrow'), sensor.events())
    h.kill('oslo')
    st, out, err = h.hub('apply')
    t.check('practice hub apply adds it', st == 0 and 'site tokyo: its stream takes new kinds' in out, out + err)
    t.check('... and names who is away', 'site oslo' in err, err)
    after = config(h, 'tokyo')
    t.check('... all kinds there are', {'packet.>', 'delivery.>', 'told.>'} < set(after['subjects']), after)
    t.equal('... and nothing else is changed', {**after, 'subjects': 0}, {**before, 'subjects': 0})
    st, out, _ = h.hub('apply')
    t.check('once', st == 0 and 'new kinds' not in out, out)
    sensor.close()


with tempfile.TemporaryDirectory(prefix='rights') as tmp, Hub(pathlib.Path(tmp).resolve()) as h:
    lab = Lab(h.base)
    try:
        h.begin()
        for name in ('tokyo', 'oslo'):
            got = h.make_site(name)
            t.check(f'{name} is made', all(st == 0 for st, _, _ in got), got)
            h.start_site(name)
        programs(h)
        kinds(h, enough(h, lab))
    finally:
        lab.close()
t.done()
