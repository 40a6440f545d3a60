"""STARTTLS and logging in, against a made mail server: what goes over the wire in the clear, and when nothing goes."""
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading

from tap import Tap, practice, skip

CONF = '''
notify:
  host: csirt.example
  rdns: no
  ways: []
  give-up: 1
  retry-first: 100ms
  retry-max: 200ms
  ca-file: "{ca}"
  mail: {{server: localhost, port: {port}, from: practice@csirt.example, tls: {tls}, user: me, password: secret, timeout: 5}}
tenants:
  - {{name: a, everything: yes, ways: [mail], mail-to: [noc@isp.example]}}
'''


class Server(threading.Thread):
    """Speaks just enough SMTP; `said` is what it heard, with "tls" or "clear" in front."""

    def __init__(self, cert, key, starttls=True):
        super().__init__(daemon=True)
        self.s = socket.create_server(('127.0.0.1', 0))
        self.port, self.said, self.starttls = self.s.getsockname()[1], [], starttls
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(cert, key)

    def run(self):
        while True:
            try:
                self.talk(self.s.accept()[0])
            except OSError:
                self.said.append('broken off')

    def talk(self, c):
        how, f = 'clear', c.makefile('rb')
        c.sendall(b'220 mx\r\n')
        while line := f.readline():
            word = line.split()[0].upper().decode()
            self.said.append(f'{how} {word}')
            if word == 'EHLO':
                offer = b'250-STARTTLS\r\n' if self.starttls and how == 'clear' else b''
                c.sendall(b'250-mx\r\n' + offer + b'250 AUTH PLAIN\r\n')
            elif word == 'STARTTLS':
                c.sendall(b'220 go on\r\n')
                c = self.tls.wrap_socket(c, server_side=True)
                how, f = 'tls', c.makefile('rb')
            elif word == 'AUTH':
                if len(line.split()) < 3:
                    c.sendall(b'334 \r\n')
                    f.readline()
                c.sendall(b'235 welcome\r\n')
            elif word == 'DATA':
                c.sendall(b'354 go on\r\n')
                while f.readline() not in (b'.\r\n', b''):
                    pass
                c.sendall(b'250 taken\r\n')
            else:
                c.sendall(b'250 ok\r\n')
                if word == 'QUIT':
                    return


def tell(base, tls, server, ca=''):
    conf = pathlib.Path(base, 'conf.yaml')
    conf.write_text(CONF.format(tls=tls, port=server.port, ca=ca))
    shutil.rmtree(f'{base}/data', ignore_errors=True)
    return practice('notify', '--config', conf, '--data', f'{base}/data', '--test', 'a')


if not shutil.which('openssl'):
    skip('no openssl here to make a certificate')
t = Tap()
with tempfile.TemporaryDirectory() as base:
    cert, key = f'{base}/cert.pem', f'{base}/key.pem'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2',
                    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'], check=True, capture_output=True)
    for tls, ca, starttls, wanted, what in (
            ('none', '', True, 'clear DATA', 'none: in the clear, also when TLS is offered'),
            ('opportunistic', '', True, 'tls DATA', 'opportunistic: TLS when it is offered, whatever the certificate'),
            ('opportunistic', '', False, 'clear DATA', '... and in the clear when it is not'),
            ('required', cert, True, 'tls DATA', 'required: TLS with a certificate that is good'),
            ('required', '', True, None, '... nothing with one that is not'),
            ('required', cert, False, None, '... nothing when TLS is not offered')):
        server = Server(cert, key, starttls)
        server.start()
        st, out, err = tell(base, tls, server, ca)
        if wanted:
            t.check(what, st == 0 and wanted in server.said, f'{server.said}\n{out}{err}')
        else:
            t.check(what, st != 0 and not any('DATA' in s or 'AUTH' in s for s in server.said), f'{server.said}\n{out}{err}')
t.done()
