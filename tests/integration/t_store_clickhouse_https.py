#!/usr/bin/env python3
"""ClickHouse behind TLS: a server of another authority or another name is refused before anything is said to it, and the server
asks for our certificate."""
import pathlib
import socket
import ssl
import tempfile
import threading

from certs import authority, certificate
from clickhouse import Missing, Server
from tap import Tap, practice

t = Tap()


class Tls:
    """Takes TLS, and hands what is in it to a port. `came`: bytes that did come through."""

    def __init__(self, port, folder, name, ca=None):
        self.port, self.came = port, 0
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(f'{folder}/{name}.crt', f'{folder}/{name}.key')
        if ca:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(f'{folder}/{ca}.crt')
        self.s = socket.create_server(('127.0.0.1', 0))
        self.url = f'https://127.0.0.1:{self.s.getsockname()[1]}'
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                raw = self.s.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.one, args=(raw,), daemon=True).start()

    def one(self, raw):
        try:
            with self.context.wrap_socket(raw, server_side=True) as inner, socket.create_connection(('127.0.0.1', self.port)) as outer:
                threading.Thread(target=self.back, args=(outer, inner), daemon=True).start()
                while data := inner.recv(65536):
                    self.came += len(data)
                    outer.sendall(data)
        except OSError:  # what is refused here is told by the other side
            pass

    @staticmethod
    def back(outer, inner):
        try:
            while data := outer.recv(65536):
                inner.sendall(data)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()


def settings(dir, name, **keys):
    """retry 0: what is refused is refused at once."""
    path = dir / f'{name}.yaml'
    path.write_text('store:\n  clickhouse:\n    retry: 0s\n' + ''.join(f'    {k}: {v}\n' for k, v in keys.items()))
    return path


def sensors(tls, conf):
    return practice('query', '--store', f'{tls.url}/tls', '--config', conf, 'sensors', '--json')


def refused(what, tls, conf, word):
    before = tls.came
    code, out, err = sensors(tls, conf)
    t.check(f'{what} is refused, in words', code == 3 and not out and word in err, f'{code} {out} {err}')
    t.equal('... and nothing was said to it', tls.came, before)


def both(dir, server):
    authority(dir, 'ca')
    authority(dir, 'foreign')
    certificate(dir, 'ca', 'server', 'IP:127.0.0.1')
    certificate(dir, 'ca', 'elsewhere', 'DNS:elsewhere.example')
    certificate(dir, 'foreign', 'impostor', 'IP:127.0.0.1')
    certificate(dir, 'ca', 'writer')
    certificate(dir, 'foreign', 'stranger')
    ca = settings(dir, 'ca', ca=dir / 'ca.crt')
    practice('gen', '--out', dir / 'made', '--hours', '1', '--sensors', '1', '--rate', '1')
    practice('replay', '--quiet', '--store', dir / 'store', *(dir / 'made').glob('*.pcap'))
    _, wanted, _ = practice('query', '--store', dir / 'store', 'sensors', '--json')
    with Tls(server.port, dir, 'server') as tls:
        code, _, err = practice('store', 'copy', dir / 'store', f'{tls.url}/tls', '--config', ca)
        t.check('the right name of the right authority: written', code == 0 and tls.came > 0, err)
        t.equal('... and read', sensors(tls, ca)[:2], (0, wanted))
        refused('an authority that the system does not know', tls, settings(dir, 'none'), 'certificate')
    with Tls(server.port, dir, 'impostor') as tls:
        refused('a server of another authority', tls, ca, 'certificate')
    with Tls(server.port, dir, 'elsewhere') as tls:
        refused('a certificate for another name', tls, ca, '127.0.0.1')
    with Tls(server.port, dir, 'server', 'ca') as tls:
        own = settings(dir, 'own', ca=dir / 'ca.crt', cert=dir / 'writer.crt', key=dir / 'writer.key')
        t.equal('a server that asks for our certificate gets it', sensors(tls, own)[:2], (0, wanted))
        for what, conf in (('without one', ca), ('with one of another authority', settings(
                dir, 'other', ca=dir / 'ca.crt', cert=dir / 'stranger.crt', key=dir / 'stranger.key'))):
            before = tls.came
            code, out, err = sensors(tls, conf)
            t.check(f'{what}: the server says no, and we say so', code == 3 and not out and err and tls.came == before, f'{code} {err}')


def main():
    with tempfile.TemporaryDirectory() as d, Server(pathlib.Path(d) / 'ch') as server:
        both(pathlib.Path(d), server)


try:
    main()
except Missing as e:
    t.check(str(e), False)
t.done()
