"""Certificates made by openssl, for tests: NAME.crt and NAME.key in a folder."""
import subprocess


def openssl(*args):
    subprocess.run(['openssl', *args], check=True, capture_output=True)


def authority(folder, name):
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj', f'/CN={name}',
            '-keyout', f'{folder}/{name}.key', '-out', f'{folder}/{name}.crt')


def certificate(folder, ca, name, san=None):
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', f'/CN={name}',
            '-keyout', f'{folder}/{name}.key', '-out', f'{folder}/{name}.csr')
    ext = f'{folder}/{name}.ext'
    with open(ext, 'w', encoding='ascii') as f:
        f.write(f'subjectAltName={san or "DNS:" + name}\n')
    openssl('x509', '-req', '-in', f'{folder}/{name}.csr', '-CA', f'{folder}/{ca}.crt', '-CAkey', f'{folder}/{ca}.key',
            '-CAcreateserial', '-days', '30', '-extfile', ext, '-out', f'{folder}/{name}.crt')
