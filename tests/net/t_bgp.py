#!/usr/bin/env python3
"""From an episode to the rule in real routers and back: ExaBGP, GoBGP and BIRD on loopback. What must hold after a
kill -9 of each process in the chain is asked of the routers, not of us."""
import json
import os
import re
import signal
import socket
import tempfile
import time

from bgplab import Drive, Lab
from tap import Tap, practice

t = Tap()


def networks(rib):
    """The destination of every rule in a table of either router."""
    return {re.search(r'([0-9a-f.:]+)/\d+', k)[1] for k in rib}


def flows(lab):
    return lab.gobgp('ipv4-flowspec'), lab.bird('f4')


def both(lab, want, seconds=20):
    return lab.wait(lambda: all(networks(r) == want for r in flows(lab)), seconds)


def mitigate(lab, *words):
    return practice('mitigate', '--socket', lab.way / 'mitigate.sock', *words)


def life(lab):
    d = Drive(lab, 'mode: auto; fragments: no')
    t.check('ExaBGP starts the relay, which finds us', d.settled(), lab.log('exabgp'))
    t.check('GoBGP and BIRD are up', lab.wait(lambda: d.counters()['peers'] == 2), lab.log('exabgp'))
    from_ = time.monotonic()
    d('start e1 203.0.113.9 123')
    seen = lab.wait(lambda: lab.bird('f4'))
    print(f'# send to BIRD: {time.monotonic() - from_:.3f} s')
    t.check('a rule is in both routers', seen and both(lab, {'203.0.113.9'}), lab.log('exabgp'))
    gobgp, bird = flows(lab)
    t.check('GoBGP: port, length, discard', any('==123' in k and '>200' in k for k in gobgp) and
            all('"rate": 0' in v or 'discard' in v or '"value": 0' in v for v in gobgp.values()), gobgp)
    t.check('BIRD: port, length, discard', any('sport 123' in k and 'length > 200' in k for k in bird) and
            all('(generic, 0x80060000, 0x0)' in v for v in bird.values()), bird)
    d('start e2 203.0.113.10 53')
    d('start six 2001:db8::9 389')
    d('start six-dns 2001:db8::a 53')
    d('start carpet 203.0.113.0 1900 100 3 120')
    t.check('a carpet is one rule for its /24', both(lab, {'203.0.113.9', '203.0.113.10', '203.0.113.0'}), flows(lab))
    t.check('DNS keeps a rate in BIRD', any('sport 53; length > 512' in k and '0x47f42400' in v
                                           for k, v in lab.bird('f4').items()), lab.bird('f4'))
    t.check('IPv6 in GoBGP', lab.wait(lambda: networks(lab.gobgp('ipv6-flowspec')) == {'2001:db8::9', '2001:db8::a'}),
            lab.gobgp('ipv6-flowspec'))
    six = lab.bird('f6')
    t.check('IPv6 in BIRD', networks(six) == {'2001:db8::9', '2001:db8::a'} and
            any('next header 17; sport 389' in k for k in six), six)
    for i, victim in enumerate(('198.51.100.1', '203.0.114.1', '127.0.0.1', '2001:db9::1', '224.0.0.1')):
        d(f'start outside{i} {victim} 123')
    c = d.counters()
    t.check('what is not the tenant\'s asks for no rule', c['outside'] + c['never'] == 5 and c['rules'] == 5, c)
    d('end e1 203.0.113.9 123')
    d('tick 60')
    t.check('a rule is held a little after the end', d.settled() and '203.0.113.9' in networks(lab.bird('f4')))
    from_ = time.monotonic()
    d('tick 60')
    gone = lab.wait(lambda: '203.0.113.9' not in networks(lab.bird('f4')))
    print(f'# end of hold to BIRD: {time.monotonic() - from_:.3f} s')
    t.check('and then withdrawn', gone and both(lab, {'203.0.113.10', '203.0.113.0'}), flows(lab))
    d('resume e1 203.0.113.9 123')
    t.check('an attack that resumes is announced again', both(lab, {'203.0.113.9', '203.0.113.10', '203.0.113.0'}))
    return d


def killed(lab, d):
    want = {'203.0.113.9', '203.0.113.10', '203.0.113.0'}
    d.close(signal.SIGKILL)
    time.sleep(0.5)
    t.check('kill -9 of the notifier: the rules stay', networks(lab.bird('f4')) == want, flows(lab))
    d = Drive(lab, 'mode: auto; fragments: no')
    t.check('it starts again on its book and tells all anew', d.settled() and d.counters()['done'] == 5, d.counters())
    t.check('which changes nothing in the routers', all(networks(r) == want for r in flows(lab)), flows(lab))

    lab.kill('bird')
    t.check('a router that is gone is counted', lab.wait(lambda: d.counters()['peers_down'] == 1), d.counters())
    lab.start_bird()
    t.check('it gets all when it is back', both(lab, want, 60) and lab.wait(lambda: d.counters()['peers'] == 2), flows(lab))

    lab.kill('exabgp')
    t.check('kill -9 of ExaBGP: the sessions end, and so do the rules', both(lab, set()), flows(lab))
    lab.start_exabgp()
    t.check('when it is back, so are they', both(lab, want, 40) and d.settled(), lab.log('exabgp'))

    lab.kill('exabgp')
    d('end e2 203.0.113.10 53')
    d('tick 120')
    lab.start_exabgp()
    t.check('what ended meanwhile is not', both(lab, want - {'203.0.113.10'}, 40) and d.settled(), lab.log('exabgp'))

    was = d.counters()['connects']
    os.kill(lab.relay_pid(), signal.SIGKILL)
    t.check('kill -9 of the relay: ExaBGP starts it again',
            lab.wait(lambda: d.counters()['connects'] == was + 1) and d.settled(), lab.log('exabgp'))
    d('start e4 203.0.113.44 389')
    t.check('and the chain works', both(lab, {'203.0.113.9', '203.0.113.0', '203.0.113.44'}), flows(lab))

    d.close(signal.SIGKILL)
    d = Drive(lab, 'mode: auto; fragments: no')
    d('tick 2000')
    t.check('rules that ended while the notifier was dead are withdrawn', both(lab, set()) and d.settled(), flows(lab))
    t.equal('it ends in order', d.close(), 0)


def caps(lab):
    d = Drive(lab, 'mode: auto; max-rules: 5; max-tenant: 5; fragments: yes; action: discard')
    for i in range(20):
        d(f'start cap{i} 203.0.113.{100 + i} {1000 + i}')
    t.check('the cap on rules holds', d.settled(), d.counters())
    rib, bird = flows(lab)
    t.equal('in both routers', (len(rib), len(bird)), (5, 5))
    t.check('fragments are limited, never discarded', any('is-fragment' in k for k in rib) and
            all('0x47f42400' in v for k, v in bird.items() if 'is_fragment' in k), (rib, bird))
    for i in range(20):
        d(f'end cap{i} 203.0.113.{100 + i} {1000 + i}')
    d('tick 120')
    t.check('and all go', both(lab, set()) and d.settled(), flows(lab))
    t.check('with IPv6', not lab.gobgp('ipv6-flowspec') and not lab.bird('f6'))
    d.close()


def black_hole(lab):
    d = Drive(lab, 'mode: auto; rule: rtbh; communities: ["64500:666", "64500:1:666"]; '
                   'tenant-communities: ["isp-a 64501:7"]')
    d('start r1 203.0.113.9 123')
    d('start r2 2001:db8::9 123')
    ok = lab.wait(lambda: lab.gobgp('ipv4') and lab.gobgp('ipv6') and lab.bird('master4') and lab.bird('master6'))
    four, six = lab.gobgp('ipv4'), lab.gobgp('ipv6')
    t.check('black holes in both routers', ok and list(four) == ['203.0.113.9/32'] and list(six) == ['2001:db8::9/128'],
            (four, six))
    bird = lab.bird('master4')
    t.check('with their communities', all('(65535,666)' in v and '(64500,666)' in v and '(64501,7)' in v and
                                          '(64500, 1, 666)' in v for v in bird.values()) and bird, bird)
    t.check('and next hop', all('192.0.2.1' in v for v in bird.values()) and
            all('100::1' in v for v in lab.bird('master6').values()), (bird, lab.bird('master6')))
    d('start wide 203.0.113.0 123 100 3 120')
    t.check('a whole prefix is only proposed', d.counters()['proposed'] == 1 and list(lab.gobgp('ipv4')) == ['203.0.113.9/32'])
    for e, victim in (('r1', '203.0.113.9'), ('r2', '2001:db8::9'), ('wide', '203.0.113.0')):
        d(f'end {e} {victim} 123')
    d('tick 120')
    t.check('withdrawn', lab.wait(lambda: not lab.gobgp('ipv4') and not lab.gobgp('ipv6') and not lab.bird('master4') and
                                  not lab.bird('master6')) and d.settled(), (lab.gobgp('ipv4'), lab.bird('master6')))
    d.close()


def no_disk(lab):
    d = Drive(lab, 'mode: auto; hold: 0s')
    d('start old 203.0.113.9 123')
    d.settled()
    book = lab.way / 'rules.book'
    book.unlink()
    (book / 'in the way').mkdir(parents=True)
    said = d('start new 203.0.113.10 123')
    t.check('a rule that cannot be written down is not announced', said.startswith('sent -10 ') and
            not lab.wait(lambda: '203.0.113.10' in networks(lab.bird('f4')), 0.5), said)
    d('end old 203.0.113.9 123')
    d('tick 1')
    t.check('but a withdrawal does not wait for the disk', both(lab, set()), flows(lab))
    (book / 'in the way').rmdir()
    book.rmdir()
    d('tick 1')
    t.check('with the disk back, it is announced', both(lab, {'203.0.113.10'}) and d.counters()['save_failed'] > 0)
    d('end new 203.0.113.10 123')
    d('tick 1')
    t.check('and withdrawn', both(lab, set()) and d.settled())
    d.close()
    book.write_bytes(b'PRACBGP1 not a book')
    d = Drive(lab, 'mode: auto')
    t.check('a damaged book is kept aside and said', d.first == 'open' and (lab.way / 'rules.book.damaged').exists() and
            'bgp_book_lost' in (lab.dir / 'drive.log').read_text())
    d.close()


def people(lab):
    d = Drive(lab, 'mode: propose')
    d('start p1 203.0.113.9 123')
    time.sleep(0.5)
    rc, out, err = mitigate(lab, '--json')
    row = json.loads(out.splitlines()[0])
    t.check('a proposal is listed, and nothing announced', rc == 0 and row['state'] == 'proposed' and not lab.bird('f4'),
            out + err)
    ident = row['id']
    lines = [json.loads(x) for x in (lab.way / 'rules.jsonl').read_text().splitlines()]
    last = lines[-1]
    t.check('and written down, with the command and a sentence', last['what'] == 'proposed' and last['id'] == ident and
            last['exabgp'].startswith('announce flow route {') and f'practice mitigate approve {ident}' in last['text'],
            last)
    rc, out, err = mitigate(lab, 'approve', str(ident))
    t.check('approved, it is announced', rc == 0 and both(lab, {'203.0.113.9'}), out + err)
    rc, out, err = mitigate(lab)
    t.check('and shown', rc == 0 and 'announced' in out and '203.0.113.9/32' in out, out + err)
    rc, out, err = mitigate(lab, 'withdraw', str(ident))
    t.check('withdrawn by a person', rc == 0 and both(lab, set()), out + err)
    d('update p1 203.0.113.9 123')
    t.check('it stays so', d.settled() and not lab.bird('f4'))
    rc, out, err = mitigate(lab, 'approve', '4000000000')
    t.check('a number that no rule has', rc == 1 and '4000000000' in err, (rc, err))
    rc, out, err = mitigate(lab, 'approve', 'x; shutdown')
    t.check('a number that is none', rc == 2, (rc, err))
    if os.geteuid() == 0:
        t.check('a stranger is turned away', stranger(lab) and d.counters()['denied'] == 1, d.counters())
    d.close()
    rc, out, err = mitigate(lab)
    t.check('nobody there is said so', rc == 3 and 'mitigate.sock' in err, (rc, err))


def stranger(lab):
    """Another uid connects: closed without a word."""
    os.chmod(lab.dir, 0o755)
    pid = os.fork()
    if pid == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(10)
            s.connect(str(lab.way / 'mitigate.sock'))
            s.sendall(b'list\n')
            os._exit(0 if s.recv(1) == b'' else 1)
        except ConnectionError:
            os._exit(0)
        except OSError:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


with tempfile.TemporaryDirectory(prefix='bgp-') as folder:
    lab = Lab(folder)
    try:
        killed(lab, life(lab))
        caps(lab)
        black_hole(lab)
        no_disk(lab)
        people(lab)
    finally:
        lab.close()
t.done()
