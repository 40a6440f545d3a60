"""Secrets of webhooks, sealed: nowhere in the data directory in clear, bound to their URL, sealed at the first start of what
was in clear before, and messages that wait for a key that is missing; another key, until nothing needs the one before."""
import hashlib
import hmac
import json
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import time

from portalsite import Site
from subscriber import API, FORM, LocalBus, Scene, alert, files_with, until
from tap import PRACTICE, Tap


def signed(hook, path, id, secret):
    """The messages of that id at that path, and whether they are signed with the secret."""
    mac = lambda h, b: 'sha256=' + hmac.new(secret.encode(), h['x-practice-timestamp'].encode() + b'.' + b, hashlib.sha256).hexdigest()
    got = [(h, b) for h, b in hook.at(path, 1, 0) if json.loads(b)['id'].startswith(id)]
    return [h.get('x-practice-signature') == mac(h, b) for h, b in got]


def told(t, scene, n, path, sub, secret, what):
    scene.bus.say(alert(n, ['203.0.113.5']))
    t.equal(what, until(lambda: signed(scene.hook, path, f'a{n}.', secret)), [True])


def sealed(t, scene, jp, url):
    data = scene.site.base / 'data'
    ours = jp.subscribe(url=url + '/jp')
    jp.test(ours['id'])
    told(t, scene, 1, '/jp', ours, ours['secret'], 'a message is signed with the secret that was shown')
    t.equal('which is in no file', files_with(data, ours['secret'], ours['secret'][3:]), [])
    t.check('and sealed in those that need it', {'portal', 'notify', 'bus'} <= {f.split('/')[0] for f in files_with(data, 'sealed1:')},
            files_with(data, 'sealed1:'))
    key, = (data / 'notify/seal').iterdir()
    t.equal('the key is the notifier\'s alone', (stat.S_IMODE(key.stat().st_mode), stat.S_IMODE(key.parent.stat().st_mode)), (0o600, 0o700))
    t.equal('and in no other file', files_with(data, key.read_text().split()[2]), [f'notify/seal/{key.name}'])
    same = jp.ask('POST', API, {**FORM, 'id': ours['id'], 'title': 'renamed', 'url': url + '/jp'})[1]
    t.check('the same URL keeps its secret', 'secret' not in same, same)
    moved = jp.ask('POST', API, {**FORM, 'id': ours['id'], 'url': url + '/new'})[1]
    t.check('a new one has a new secret', moved.get('secret', '').startswith('hs_') and moved['secret'] != ours['secret'], moved)
    jp.test(ours['id'])
    told(t, scene, 2, '/new', ours, moved['secret'], 'which signs there')
    mail = jp.subscribe(title='letters', mail=['noc@isp.example'])
    t.check('no webhook, no secret', 'secret' not in mail and jp.ask('POST', f'{API}/{mail["id"]}/secret', {})[0] == 400, mail)
    jp.ask('POST', f'{API}/{mail["id"]}/end', {})
    return dict(ours, secret=moved['secret'])


def stop(scene, *roles):
    for role in roles:
        scene.end(role, signal.SIGTERM)


def of_before(t, scene, jp, ours):
    """Both files as an older version has left them: in clear, in free pages and in the log, too."""
    data = scene.site.base / 'data'
    old = 'hs_' + 'ab' * 32
    stop(scene, 'portal', 'notify')
    keep = []
    for file, update in ((data / 'portal/access.db', f"UPDATE subscription SET secret = '{old}'; UPDATE meta SET n = 0, b = NULL WHERE k = 'seal';"),
                         (data / 'notify/queue.db', f"UPDATE subscription SET rec = json_set(CAST(rec AS TEXT), '$.secret', '{old}');"
                                                    "DELETE FROM meta WHERE k = 'sealed';")):
        db = sqlite3.connect(file)
        db.executescript(f"PRAGMA journal_mode = WAL; {update} CREATE TABLE gone(x); INSERT INTO gone VALUES(hex(randomblob(9000)) || '{old}');"
                         'DROP TABLE gone;')
        keep.append(db)
    t.equal('(it was in clear)', sorted(files_with(data, old)), ['notify/queue.db-wal', 'portal/access.db-wal'])
    for db in keep:
        db.close()
    scene.site.start('notify')
    scene.site.start('portal')
    scene.site.wait()
    t.check('is nowhere in clear soon', until(lambda: not files_with(data, old)), files_with(data, old))
    told(t, scene, 3, '/new', ours, old, 'and signs as before')
    return old


def ask_db(scene, file, *sql):
    db = sqlite3.connect(scene.site.base / 'data' / file, timeout=20)
    with db:
        got = db.execute(*sql).fetchall()
    db.close()
    return got


def kept(scene, ours):
    """Its secret, as the portal keeps it and as the notifier does."""
    (theirs,), = ask_db(scene, 'portal/access.db', 'SELECT secret FROM subscription WHERE id = ?', (ours['id'],))
    (rec,), = ask_db(scene, 'notify/queue.db', 'SELECT CAST(rec AS TEXT) FROM subscription WHERE id = ?', (ours['id'],))
    return theirs, json.loads(rec)['secret']


def interrupted(t, scene, jp, ours, secret):
    """Sealing that was interrupted: the next start seals first, and says nothing without its secret."""
    stop(scene, 'portal')
    ask_db(scene, 'portal/access.db', 'UPDATE subscription SET secret = ? WHERE id = ?', (secret, ours['id']))
    ask_db(scene, 'portal/access.db', "UPDATE meta SET n = 0 WHERE k = 'seal'")
    scene.site.start('portal')
    scene.site.wait()
    t.check('what an interruption left in clear is sealed', until(lambda: kept(scene, ours)[0].startswith('sealed1:')), kept(scene, ours))
    a = jp.ask('POST', f'{API}/{ours["id"]}/test', {})[1]
    t.equal('and it waits for nothing meanwhile', [x['state'] for x in a['answers']], ['taken'])
    t.check('the notifier has it as the portal has sealed it', until(lambda: len(set(kept(scene, ours))) == 1), kept(scene, ours))


def missing(t, scene, jp, ours, secret):
    """The key's file is away; a key is renamed; each time all that waited goes."""
    data = scene.site.base / 'data'
    scene.end('notify')
    (data / 'notify/seal').rename(data / 'away')
    scene.site.start('notify')
    scene.bus.say(alert(4, ['203.0.113.5']))
    said = until(lambda: 'notify_secrets_unopened' in scene.site.logs())
    t.check('a key that is missing is said', said, scene.site.logs()[-2000:])
    st, a = jp.ask('POST', f'{API}/{ours["id"]}/test', {})
    t.check('its owner hears why on a test', st == 200 and 'make a new' in a['answers'][0]['text'], a)
    t.equal('nothing is sent unsigned', signed(scene.hook, '/new', 'a4.', secret), [])
    for key in (data / 'away').iterdir():
        key.rename(data / 'notify/seal' / key.name)
    t.equal('with the file back, what waited is told', until(lambda: signed(scene.hook, '/new', 'a4.', secret)), [True])


def new_key(scene):
    """Its name."""
    r = subprocess.run([PRACTICE, 'notify', '--new-key', '--config', scene.site.conf], capture_output=True, text=True, timeout=60)
    assert r.returncode == 0, r
    return os.path.basename(r.stdout.split(';')[0]).split('.')[0]


def keys(scene):
    return sorted(f.stem for f in (scene.site.base / 'data/notify/seal').iterdir())


def another(t, scene, jp, ours, secret):
    """Another key: what is kept is sealed anew, to the same secret, and the key of before goes."""
    data = scene.site.base / 'data'
    t.check('(the key that was made meanwhile is alone)', until(lambda: len(keys(scene)) == 1), keys(scene))
    old, = keys(scene)
    shutil.copy(data / f'notify/seal/{old}.key', data / 'copy')
    (public,), = ask_db(scene, 'portal/access.db', "SELECT b FROM meta WHERE k = 'seal'")
    name = new_key(scene)
    t.check('a new key is alone soon', until(lambda: keys(scene) == [name]), keys(scene))
    t.check('and what both keep is sealed to it', all(k.startswith(f'sealed1:{name}:') for k in kept(scene, ours)), name)
    told(t, scene, 5, '/new', ours, secret, 'the secret is still the same')
    t.check('the audit has it', 'subscription sealed anew' in scene.site.access('audit', 'list'), '')
    return old, public


def not_heard(t, scene, jp, ours, old, public):
    """A portal that has not heard of the key: the first secret that it seals tells the notifier."""
    data = scene.site.base / 'data'
    name, = keys(scene)
    shutil.copy(data / 'copy', data / f'notify/seal/{old}.key')
    ask_db(scene, 'portal/access.db', "UPDATE meta SET b = ? WHERE k = 'seal'", (public,))
    fresh = jp.ask('POST', f'{API}/{ours["id"]}/secret', {})[1]['secret']
    has = lambda: ask_db(scene, 'portal/access.db', "SELECT lower(hex(b)), secret FROM meta, subscription WHERE k = 'seal' AND id = ?", (ours['id'],))[0]
    t.check('what was sealed to an old key is sealed anew', until(lambda: f'sealed1:{name}:' in has()[1]), (has(), name))
    t.check('and the portal has the key', has()[0] != public.hex(), has())
    t.check('that is alone again', until(lambda: keys(scene) == [name]), keys(scene))
    told(t, scene, 6, '/new', ours, fresh, 'a secret made in between signs')
    return fresh


def killed(t, scene, jp, ours, secret):
    """At any moment of it, either one."""
    rng = random.Random(14)
    for n in range(2):
        name = new_key(scene)
        for role in rng.choices(('notify', 'portal'), k=5):
            time.sleep(rng.random() * 0.6)
            scene.end(role)
            scene.site.start(role)
        t.check('a new key is alone soon, whoever is killed', until(lambda: keys(scene) == [name], 60), keys(scene))
        told(t, scene, 7 + n, '/new', ours, secret, 'and the secret is the same')


def main():
    t = Tap()
    with Site() as site, Scene(site, {'aiko': ('isp', '203.0.113.0/24', 'viewer')}, lambda: LocalBus(site)) as scene:
        jp = scene.people['aiko']
        ours = sealed(t, scene, jp, f'https://localhost:{scene.hook.port}')
        secret = of_before(t, scene, jp, ours)
        interrupted(t, scene, jp, ours, secret)
        missing(t, scene, jp, ours, secret)
        old = another(t, scene, jp, ours, secret)
        secret = not_heard(t, scene, jp, ours, *old)
        killed(t, scene, jp, ours, secret)
    t.done()


if __name__ == '__main__':
    main()
