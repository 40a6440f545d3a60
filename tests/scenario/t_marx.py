#!/usr/bin/env python3
"""Real input: the Marx honeypot log of 2013 (nine sensors, 190 days). What really happened must be alerted on its day,
and nothing much else: at most 0.1 country and 0.2 port alerts a day, of all engines together."""
import collections
import csv
import datetime
import gzip
import json
import tempfile

from tap import Tap, practice, shared, skip

DATA = shared('data/darknet/marx_2013_honeypot_geo.csv.gz')
if not DATA:
    skip('the Marx data set is not beside the checkout (data/darknet/)')

# Robust z >= 8 against the previous 28 days, by an independent script over the same file.
EVENTS = '''2013-04-23 port:6675/tcp
2013-04-24 port:6670/tcp
2013-04-29 port:6672/tcp
2013-05-01 port:6671/tcp
2013-05-01 port:6672/tcp
2013-05-01 port:6673/tcp
2013-05-02 port:6670/tcp
2013-05-09 port:29067/udp
2013-05-15 port:35721/udp
2013-07-10 port:8082/tcp
2013-07-12 port:1998/tcp
2013-07-13 port:1998/tcp
2013-08-07 country:CN
2013-08-07 country:MM
2013-08-07 port:1433/tcp
2013-08-07 port:3128/tcp
2013-09-06 port:9000/tcp'''.splitlines()
DAYS = 190


def day(at):
    """The day that an event time ends: midnight still belongs to the day before."""
    t = datetime.datetime.fromisoformat(at[:19]) - datetime.timedelta(seconds=1)
    return t.date().isoformat()


def run(*more):
    status, out, err = practice('replay', '--json', '--findings', *more, DATA)
    recs = [json.loads(line) for line in out.splitlines()]
    return status, out, err, recs


def rows_by_sensor():
    """The same file, counted without our reader."""
    with gzip.open(DATA, 'rt', encoding='utf-8', newline='') as f:
        return dict(collections.Counter(row['sensor'] for row in csv.DictReader(f)))


t = Tap()
status, out, err = practice('capture', '--json', DATA)
counts = json.loads(out)
t.equal('the rows of each of the nine sensors are those of the file', (len(counts['sensors']), counts['sensors']), (9, rows_by_sensor()))
t.equal('the sensors\' rows are all rows', sum(counts['sensors'].values()), 451581)
t.equal('and no row is refused', (status, counts['refused'], counts['lost'], counts['error']), (0, 0, 0, ''))

status, out, err, recs = run()
t.equal('replay succeeds', status, 0)
alerts = [r['alert'] for r in recs if 'alert' in r]
findings = [r['finding'] for r in recs if 'finding' in r]
summary = recs[-1].get('summary', {})
t.equal('every row is accounted for', summary.get('packets'), 451581)

said = {f"{day(a['at'])} {a['key']}" for a in alerts if a['state'] in ('open', 'update', 'resume')}
for e in EVENTS:
    t.check(f'{e} is alerted on its day', e in said, sorted(x for x in said if x[:10] == e[:10]))
news = [a for a in alerts if a['state'] in ('open', 'resume')]



def about(alerts, *what):
    """Alerts whose key says that they are about such a thing, whoever raised them: port:, abroad:port:, group:"""
    return [a['key'] for a in alerts if set(what) & set(a['key'].split(':')[:-1])]


country = about(news, 'country')
port = about(news, 'port', 'group')
t.check('at most 0.1 country alerts a day', len(country) <= 0.1 * DAYS, country)
t.check('at most 0.2 port alerts a day', len(port) <= 0.2 * DAYS, port)
t.equal('every alert that opened has closed', {a['id'] for a in news}, {a['id'] for a in alerts if a['state'] == 'close'})

mm = [a for a in alerts if a['key'] == 'country:MM'][:1]
t.check('Myanmar is named, with its baseline and hosts',
        mm and 'Sources from Myanmar: ' in mm[0]['text'] and 'usually 0' in mm[0]['text'] and
        mm[0]['baseline'] == 0 and len(mm[0]['hosts']) == mm[0]['host_count'] >= 15 and
        'country=MM' in mm[0]['flows'], mm)
sql = [a for a in alerts if a['key'] == 'port:1433/tcp' and day(a['at']) == '2013-08-07'][-1:]
t.check('1433/tcp says where most come from, and which sensors saw it',
        sql and 'Most from China' in sql[0]['text'] and sql[0]['country'] == 'CN' and len(sql[0]['sensors']) == 9, sql)
first = min((f['at'] for f in findings if f['key'] == 'port:1433/tcp' and f['at'] > '2013-08-07'), default='')
t.check('one sensor alone says it before all together do', '2013-08-07T10:00' <= first <= '2013-08-07T12:00' and
        any('at sensor groucho-' in f['text'] for f in findings if f['key'] == 'port:1433/tcp'), first)
risk = {}
for f in findings:
    if f['kind'] == 'risk-port' and f['state'] == 'on':
        risk.setdefault(f['key'], f)
t.equal('ports at risk: these, and no others', {k: day(f['at']) for k, f in risk.items()},
        {'port:8000/tcp': '2013-08-07', 'port:1433/tcp': '2013-08-07', 'port:9999/tcp': '2013-08-08', 'port:9000/tcp': '2013-09-06'})
sql = risk.get('port:1433/tcp', {'text': '', 'score': 0, 'at': ''})
t.check('1433/tcp by noon, with the word of a second opinion', sql['score'] >= 2 and sql['at'] == '2013-08-07T12:00:00Z' and
        'in the 6 h from 2013-08-07T06:00:00Z' in sql['text'] and 'networks (/24)' in sql['text'] and
        ('has changed' in sql['text'] or 'has turned' in sql['text']), sql)
ids = {f['id'] for f in findings}
t.check('every alert names findings that were made', all(set(a['findings']) <= ids for a in alerts))
t.equal('ids of findings are unique', len(ids), len(findings))
with tempfile.NamedTemporaryFile('w', suffix='.yaml') as f:
    f.write('engine:\n  surge:\n    home: [groucho-tokyo]\n')
    f.flush()
    abroad = [r['finding'] for r in run('--config', f.name)[3] if r.get('finding', {}).get('kind') == 'surge-abroad']
first = {}
for f in abroad:
    if f['state'] == 'on':
        first.setdefault(f['key'], f)
t.check('with Tokyo as home: Myanmar, Taiwan and China are seen abroad before they are at home', all(
    day(first.get('abroad:country:' + c, {'at': '1970-01-02T00:00:00Z'})['at']) == '2013-08-07' for c in ('MM', 'TW', 'CN')), sorted(first))
t.check('35721/udp too, and never at home', 'groucho-tokyo' not in first['abroad:port:35721/udp']['sensors'] and
        '0 at home' in first['abroad:port:35721/udp']['text'], first.get('abroad:port:35721/udp'))
t.check('and each of them ends', {f['key'] for f in abroad if f['state'] == 'off'} == set(first), len(abroad))
t.check('two threads say the same, byte for byte', run('--threads', '2')[1] == out)
t.done()
