"""Sensors as real processes: each says how it is, also when it hears nothing; one that is stopped becomes an alert, and comes
back; what it said is in the store, on the page's metrics, and can be explained."""
import json
import os
import signal
import subprocess
import tempfile
import time

from chain import FEEDER, OFFSET, Chain, own_network, wait
from tap import Tap, practice

CONF = f"""
run: {{heartbeat: 1s}}
watch: {{missed: 8}}
sensors:
  - {{name: dark, country: JP, interface: lo, prefixes: [192.0.2.0/24]}}
honeypots:
  - {{name: oslo, country: "NO", listen: [127.0.0.2], port-offset: {OFFSET}, vectors: chargen, settle: 0}}
"""
t = Tap()


def alerts(c, key):
    """The revisions of one alert, as (state, severity)."""
    rows = [r for r in c.query('alerts') if r['key'] == key]
    return [(r['state'], r['severity']) for r in sorted(rows, key=lambda r: r['revision'])]


def stopped(c, role, name):
    """The role is stopped until it is missed, then goes on."""
    pid = c.roles()[role]
    os.kill(pid, signal.SIGSTOP)
    said = wait(lambda: alerts(c, f'sensor:{name}/silent'), 30)
    t.equal(f'{name}: stopped, it is silent', [x[0] for x in said], ['open'])
    os.kill(pid, signal.SIGCONT)
    t.check(f'{name}: it goes on, and is heard again', wait(lambda: alerts(c, f'sensor:{name}/silent')[-1:] == [('close', 'medium')], 30),
            alerts(c, f'sensor:{name}/silent'))


def heartbeats(c):
    def beats(name):
        return c.metrics().get(f'practice_sensor_heartbeats_total{{instance="{name}"}}', 0)
    t.check('both say how they are, again and again', wait(lambda: beats('dark') >= 3 and beats('oslo') >= 3, 30), c.metrics())
    rows = wait(lambda: [r for r in c.query('health') if r['sensor'] == 'dark'], 20)
    last = rows[-1]
    t.equal('a heartbeat says what is promised of it', [last[k] for k in ('every_ns', 'site_country', 'queue_bytes')], [10 ** 9, 'JP', 0])
    t.check('and when it was said', all(r['sent'] for r in rows) and len({r['sent'] for r in rows}) == len(rows), rows)


def wrong_clock(c):
    """A heartbeat from ten minutes ahead: nobody can send that."""
    now = time.time_ns()
    record = {'id': 'berlin.1', 'sensor': 'berlin', 'site_country': 'DE', 'source': 'honeypot', 'every_ns': 3600 * 10 ** 9,
              'at': stamp(now), 'sent': stamp(now + 600 * 10 ** 9)}
    with subprocess.Popen([FEEDER, c.data / 'bus.sock', 'berlin'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as p:
        p.stdin.write(f'health {json.dumps(record)}\n')
        p.stdin.close()
    t.equal('a clock that is ahead is told', [x[0] for x in wait(lambda: alerts(c, 'sensor:berlin/clock'), 30)], ['open'])


def stamp(ns):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(ns // 10 ** 9))


def explained(c):
    row = next(r for r in c.query('alerts') if r['key'] == 'sensor:dark/silent')
    for what in (row['id'], row['key'], row['findings'][0]):
        st, out, err = practice('explain', what, '--store', c.data / 'store')
        t.check(f'explain {what.split(":")[0][:1]}...', st == 0 and 'Sensor dark (JP) is' in out and 'what=health sensor=dark' in out, out + err)
    st, out, err = practice('explain', row['key'], '--json', '--store', c.data / 'store')
    kinds = {next(iter(json.loads(x))) for x in out.splitlines()}
    t.check('as JSON, with the heartbeats as evidence', st == 0 and {'alert', 'finding', 'health'} <= kinds, (kinds, err))


own_network()
with tempfile.TemporaryDirectory() as base:
    c = Chain(base, CONF)
    try:
        c.start()
        heartbeats(c)
        stopped(c, 'sensor.dark', 'dark')
        stopped(c, 'honeypot.oslo', 'oslo')
        wrong_clock(c)
        explained(c)
        t.equal('nobody else was missed', sorted({r['key'] for r in c.query('alerts')}),
                ['sensor:berlin/clock', 'sensor:dark/silent', 'sensor:oslo/silent'])
        t.check('the watch has counters', wait(lambda: c.metrics().get('practice_watch_sensors', 0) == 3, 20), c.metrics())
    finally:
        st = c.end()
    t.equal('ends well', st, 0)
t.done()
