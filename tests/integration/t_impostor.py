#!/usr/bin/env python3
"""Who is not who he says: no certificate, another authority's, a site's own in a wrong place, a revoked one, a rogue
server of a site that speaks for another site. Refused, said in a log, and the honest site goes on meanwhile."""
import base64
import pathlib
import re
import shutil
import socket
import ssl
import tempfile

from hub import Hub
from nats import Nats, Refused, eventually
from tap import Tap

t = Tap()


def refused(what, *args):
    try:
        Nats('127.0.0.1', *args).close()
        t.check(what, False, 'it was let in')
    except Refused:
        t.check(what, True)


def tls_leaf(port, ca, cert=None, key=None):
    """Speaks TLS to a leaf port as a leaf does; what the server says until it hangs up."""
    s = socket.create_connection(('127.0.0.1', port), 10)
    try:
        s.recv(4096)  # INFO
        ctx = ssl.create_default_context(cafile=ca)
        if cert:
            ctx.load_cert_chain(cert, key)
        s = ctx.wrap_socket(s, server_hostname='127.0.0.1')
        s.sendall(b'CONNECT {"tls_required":true,"name":"x","version":"2.9.10"}\r\nPING\r\n')
        said = b''
        while b'PONG' not in said:
            got = s.recv(4096)
            if not got:
                break
            said += got
        return said.decode(errors='replace')
    except (OSError, ssl.SSLError) as e:
        return str(e)
    finally:
        s.close()


def doors(h):
    """Every key at every door that is not its own."""
    hub, a, b, evil = h.dir, h.base / 'tokyo', h.base / 'berlin', h.base / 'evil-hub'
    refused('no certificate: the hub\'s programs\' port', h.port, None, None, hub / 'ca.crt')
    refused('another authority\'s certificate there', h.port, evil / 'hub-practice.crt', evil / 'hub-practice.key', hub / 'ca.crt')
    refused('a site\'s certificate there', h.port, a / 'site.crt', a / 'site.key', hub / 'ca.crt')
    refused('no TLS there', h.port)
    refused('another site\'s certificate at a site\'s server', h.ports['tokyo'], b / 'site.crt', b / 'site.key', hub / 'ca.crt')
    said = tls_leaf(h.leaf_port, hub / 'ca.crt')
    t.check('no certificate: the port of sites', 'PONG' not in said, said)
    said = tls_leaf(h.leaf_port, hub / 'ca.crt', evil / 'hub-practice.crt', evil / 'hub-practice.key')
    t.check('another authority\'s certificate there', 'PONG' not in said, said)
    said = tls_leaf(h.leaf_port, hub / 'ca.crt', hub / 'hub-practice.crt', hub / 'hub-practice.key')
    t.check('the hub\'s own programs\' certificate there', 'PONG' not in said, said)
    log = h.log('hub')
    t.check('the hub\'s log tells of them', 'TLS handshake error' in log and len(re.findall('authentication error|Authorization', log)) >= 2,
            log[-2000:])


def from_site(hub, name):
    """What the hub's stream has of a site's own stream: [(subject, data)]."""
    out = []
    for seq in range(1, hub.js('STREAM.INFO.PRACTICE')['state']['last_seq'] + 1):
        m = hub.js('STREAM.MSG.GET.PRACTICE', {'seq': seq}).get('message') or {}
        if f'Nats-Stream-Source: PRACTICE-{name}:' in base64.b64decode(m.get('hdrs', '')).decode():
            out.append((m['subject'], base64.b64decode(m.get('data', ''))))
    return out


def goes_on(what, hub, a, n):
    """The honest site says its n-th, and it arrives."""
    a.publish('flow.tokyo', b'honest', f'flow.tokyo.{n}')
    t.check(what, eventually(lambda: from_site(hub, 'tokyo') == [('flow.tokyo', b'honest')] * n), from_site(hub, 'tokyo'))


def rogue_conf(h, name):
    """The server of a site that does what it likes: no rights, no denies, its own stream."""
    d = h.base / name
    conf = (d / 'nats.conf').read_text()
    conf = re.sub(r'permissions: \{.*?\n        \} \}', '}', conf, flags=re.S)
    (d / 'rogue.conf').write_text(conf)
    link = (d / 'hub.conf').read_text()
    (d / 'hub.conf').write_text(re.sub(r'    deny_(im|ex)ports: .*\n', '', link))
    return d / 'rogue.conf'


def rogue(h, hub):
    """Berlin's server is in wrong hands."""
    h.kill('berlin')
    h.start('berlin', rogue_conf(h, 'berlin'))
    with eventually(lambda: h.at_site('berlin')) as b, h.at_site('tokyo') as a:
        eventually(lambda: 'Leafnode connection created' in h.log('hub'))
        spy = b.sub('>')
        before = sum(h.subjects(hub).values())
        others = [f'$JS.{h.domain("tokyo")}.API.{x}PRACTICE-tokyo' for x in ('STREAM.INFO.', 'STREAM.MSG.GET.', 'STREAM.UPDATE.', 'STREAM.PURGE.',
                                                                             'STREAM.DELETE.', 'CONSUMER.CREATE.')]
        others += [f'$JS.hub.API.{x}PRACTICE' for x in ('STREAM.INFO.', 'STREAM.MSG.GET.', 'STREAM.UPDATE.', 'CONSUMER.CREATE.')]
        for subject in ('flow.tokyo', 'alert.main', 'deliver.x', '$JS.API.STREAM.DELETE.PRACTICE', '$JS.hub.API.STREAM.DELETE.PRACTICE',
                        '$JS.hub.API.STREAM.NAMES', f'deliver.{h.domain("tokyo")}.x', *others):
            b.pub(subject, b'I am somebody else', b.inbox + '.x')
        b.ping()
        goes_on('the honest site goes on', hub, a, 2)
        # What berlin keeps in its own stream is fetched, with its name on it: bus/origin.h refuses what is not its own.
        b.publish('health.berlin', b'{}', 'health.berlin.last')
        eventually(lambda: h.subjects(hub).get('health.berlin'))
        forged = [x for x in from_site(hub, 'berlin') if x[1] == b'I am somebody else']
        t.equal('it bears the name of where it came from', forged,
                [('flow.tokyo', b'I am somebody else'), ('alert.main', b'I am somebody else')])
        t.equal('and nothing else of it came', sum(h.subjects(hub).values()), before + 4)
        hub.publish('alert.main', b'secret', 'alert.1')
        hub.ping()
        b.ping()
        heard = b.queue.get(spy, [])
        t.equal('a site hears nothing of what the hub says', [m[0] for m in heard if m[3] == b'secret'], [])
        t.equal('nor of another site\'s, whatever it asks for', [m for m in heard if b'tokyo' in m[3] or b'honest' in m[3]], [])
        info = a.js('STREAM.INFO.PRACTICE-tokyo', domain=h.domain('tokyo'))
        t.equal('whose stream stands, with what it has', info.get('state', {}).get('messages'), 2)
        t.check('the hub\'s stream stands', hub.js('STREAM.INFO.PRACTICE').get('config') is not None)


def oversized(h, hub):
    """Nine megabytes through berlin's server, which lets them pass; the hub hangs up, and takes the next."""
    conf = h.base / 'berlin/rogue.conf'
    h.kill('berlin')
    conf.write_text(conf.read_text().replace('max_payload: 8MB', 'max_payload: 32MB'))
    h.start('berlin', conf)
    with eventually(lambda: h.at_site('berlin')) as b, h.at_site('tokyo') as a:
        b.publish('flow.berlin', b'x' * (9 << 20), 'flow.berlin.big')
        goes_on('beside an oversized message the honest site goes on', hub, a, 3)
        big = eventually(lambda: 'Error processing inbound source "PRACTICE-berlin' in h.log('hub'))
        t.check('the hub refuses it and says so', big and 'flow.berlin' not in h.subjects(hub), h.log('hub')[-1500:])


def revoked(h, hub):
    st, out, err = h.hub('revoke-site', 'berlin')
    t.check('revoke-site', st == 0, err)
    with h.at_site('berlin') as b, h.at_site('tokyo') as a:
        b.publish('health.berlin', b'{}', 'health.berlin.after')
        b.pub('flow.berlin', b'late')
        b.ping()
        goes_on('the honest site goes on', hub, a, 4)
        t.equal('nothing comes from the revoked one', h.subjects(hub).get('health.berlin'), 1)
    before = h.log('hub').count('authentication error')
    h.kill('berlin')
    h.start('berlin', h.base / 'berlin/rogue.conf')
    t.check('it cannot connect again, and the log says so', eventually(lambda: h.log('hub').count('authentication error') > before),
            h.log('hub')[-1500:])
    st, _, err = h.hub('add-site', 'berlin', h.base / 'berlin/berlin.request')
    t.check('its key is not taken a second time', st != 0 and 'revoked' in err, err)
    again(h, hub)


def again(h, hub):
    """The name with a new key: the old key stays out, the new one comes in with a stream that begins at 1."""
    shutil.move(h.base / 'berlin', h.base / 'old')
    shutil.rmtree(h.base / 'berlin-data')
    (h.base / 'berlin.bundle').unlink()
    got = h.make_site('berlin')
    t.check('a revoked name comes back with a new key', all(st == 0 for st, _, _ in got), got)
    h.kill('berlin')
    h.start_site('berlin')
    said = tls_leaf(h.leaf_port, h.dir / 'ca.crt', h.base / 'old/site.crt', h.base / 'old/site.key')
    t.check('the old key stays out', 'PONG' not in said, said)
    with h.at_site('berlin') as b:
        b.publish('health.berlin', b'{"at":"2026-01-01T00:00:00Z"}', 'health.berlin.new')
        t.check('the new one delivers from its first message on', eventually(lambda: h.subjects(hub).get('health.berlin') == 2),
                h.subjects(hub))


def begin(h):
    h.begin()
    other = h.base / 'evil-hub'
    h.run('hub', 'init', '--dir', other, '--data', h.base / 'evil-data', '--node', '127.0.0.1')
    for name in ('tokyo', 'berlin'):
        got = h.make_site(name)
        t.check(f'{name} is made', all(st == 0 for st, _, _ in got), got)
        h.start_site(name)
    st, _, err = h.run('site', 'init', 'tokyo-2', '--dir', h.base / 'x', '--data', h.base / 'x-data')
    st, _, err = h.hub('add-site', 'tokyo-2', h.base / 'x/tokyo-2.request')
    t.check('no site whose sensors could be another one\'s', st != 0 and 'told from' in err, err)
    st, _, err = h.hub('add-site', 'lima', h.base / 'x/tokyo-2.request')
    t.check('no request under another name', st != 0 and 'tokyo-2' in err, err)
    st, _, err = h.run('site', 'join', h.base / 'tokyo.bundle', '--dir', h.base / 'x')
    t.check('no bundle of another site', st != 0 and 'another key' in err, err)


with tempfile.TemporaryDirectory(prefix='impostor') as tmp, Hub(pathlib.Path(tmp).resolve()) as h:
    begin(h)
    with h.at_hub() as hub:
        with h.at_site('tokyo') as a:
            goes_on('the honest site delivers', hub, a, 1)
        doors(h)
        rogue(h, hub)
        oversized(h, hub)
        revoked(h, hub)
t.done()
