"""practice tune: a made day of hits with planted attacks, through changed thresholds, against alarms."""
import datetime
import json
import pathlib
import random
import shutil
import tempfile

from tap import Tap, practice

T0 = 1700000040


def text(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%f') + '000Z'


def attack(out, victim, start, pps, seconds, vector='ntp_monlist', sensors=('tokyo', 'oslo')):
    """A hit a second from each sensor."""
    for s in range(seconds):
        for name in sensors:
            out.append((start + s, name, victim, vector, pps))


def write(path, hits):
    with open(path, 'w') as f:
        for n, (at, sensor, victim, vector, packets) in enumerate(sorted(hits)):
            rec = dict(id=f'{sensor}.{n}', sensor=sensor, at=text(at), victim=victim, vector=vector, port=123,
                       to=text(at), packets=packets, bytes=8 * packets, payload='00000000000000aa', ttl_min=60,
                       ttl_max=60, ttl_count=1)
            rec['from'] = rec['to']
            f.write(json.dumps(rec) + '\n')


def tune(*args):
    st, out, err = practice('tune', *args, '--json')
    return json.loads(out) if st == 0 else err


def main():
    t = Tap()
    base = tempfile.mkdtemp(prefix='practice-tune-')
    try:
        hits, r = [], random.Random(5)
        alarms = ['start,end,victim']
        for i in range(40):  # strong: an alarm 180 s after its start, in 36 of 40 cases
            start = T0 + 2000 * i
            attack(hits, f'203.0.{i}.9', start, 2, 240)
            if i < 36:
                alarms.append(f'{text(start + 180)},{text(start + 400)},203.0.{i}.9')
        for i in range(10):  # weak: 70 packets in all, below the threshold; the operator saw them
            start = T0 + 2000 * i + 700
            attack(hits, f'198.51.{i}.9', start, 1, 70, vector='port-7777', sensors=('tokyo',))
            alarms.append(f'{text(start + 20)},{text(start + 100)},198.51.{i}.0/24')
        for i in range(500):  # scanners
            hits.append((T0 + r.randrange(80000), r.choice(['tokyo', 'oslo']), f'192.0.2.{r.randrange(250)}', 'dns', 1))
        write(f'{base}/hits.jsonl', hits)
        pathlib.Path(f'{base}/alarms.csv').write_text('\n'.join(alarms) + '\n')
        files = ('--hits', f'{base}/hits.jsonl', '--alarms', f'{base}/alarms.csv')

        got = tune(*files)
        t.check('nothing changed: nothing gained, nothing lost',
                got['hits'] == len(hits) and got['now']['alerts'] == got['changed']['alerts'] == 40 and
                not got['gained'] and not got['lost'], got)
        t.equal('precision: 36 of 40, with Wilson\'s interval',
                [round(got['now']['precision'][k], 4) for k in ('value', 'lo', 'hi')], [0.9, 0.7695, 0.9604])
        t.equal('recall: 36 of 46', [got['now']['seen'], got['alarms']], [36, 46])
        lead = got['now']['lead_s']
        t.check('lead time: the alert comes 3 minutes before the alarm, less what it takes to see it',
                165 <= lead['lo'] <= lead['value'] <= lead['hi'] <= 180, lead)

        got = tune(*files, '--set', 'episode.threshold=50')
        t.check('half the threshold: the weak ones are gained', got['changed']['alerts'] == 50 and len(got['gained']) == 10
                and not got['lost'] and all(g['target'].startswith('198.51.') and g['alarm'] for g in got['gained']), got)
        t.equal('... and recall is whole', got['changed']['recall']['value'], 1)
        got = tune(*files, '--set', 'threshold=5000', '--set', 'fast-packets=5000', '--set', 'spread-packets=5000')
        t.check('thresholds too high: all are lost', got['changed']['alerts'] == 0 and len(got['lost']) == 40 and
                got['changed']['precision']['value'] is None and got['changed']['lead_s']['value'] is None, got)
        got = tune(*files, '--profile', 'hopscotch')
        t.check('another definition', got['changed']['alerts'] >= 50, got['changed'])
        got = tune(*files, '--prefix', '203.0.0.0/21', text(T0), text(T0 + 9000))
        t.equal('only some prefixes and some time', [got['now']['alerts'], got['alarms']], [5, 5])

        st, out, err = practice('tune', *files, '--set', 'threshold=50')
        t.check('in words', st == 0 and 'gained' in out and '10/10' not in err and '46/46 = 1.00 [0.92, 1.00]' in out, out + err)
        for args, word in ((('--set', 'thresold=5'), 'thresold'), (('--set', 'threshold=0'), '60000'),
                           (('--profile', 'ips'), '"ips"'), (('--tenant', 'nobody'), 'nobody'),
                           (('--prefix', '1.2.3'), '1.2.3')):
            st, out, err = practice('tune', '--hits', f'{base}/hits.jsonl', *args)
            t.check(f'wrong: {" ".join(args)}', st != 0 and word in err, err)
        pathlib.Path(f'{base}/bad.csv').write_text('start,end,victim\n2020-01-01,x,1.2.3.4\n')
        st, out, err = practice('tune', '--hits', f'{base}/hits.jsonl', '--alarms', f'{base}/bad.csv')
        t.check('a bad alarm: its line is named', st != 0 and 'bad.csv:2' in err, err)
        st, out, err = practice('tune', '--store', f'{base}/none')
        t.check('no store: said', st != 0 and 'none' in err, err)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    t.done()


main()
