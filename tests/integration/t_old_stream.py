#!/usr/bin/env python3
"""A NATS stream, and a server's rights, from before a kind of records was there: whoever may adds the subject; else what may be
missing is left out, said once and counted, and everything else goes on."""
import shutil
import tempfile

from natslab import Lab, Raw, wait_for
from tap import Tap

OLD = [f'{k}.>' for k in ('flow', 'hit', 'health', 'finding', 'episode', 'alert', 'label', 'mark', 'tick', 'decision',
                          'subscription', 'errand', 'told')]
OWN = {'description': "the operator's", 'max_msgs_per_subject': 1000, 'max_age': 7 * 86400 * 10**9, 'duplicate_window': 600 * 10**9,
       'allow_direct': True, 'max_msg_size': 100000}


def make(raw, subjects=(), **more):
    raw.ask('$JS.API.STREAM.DELETE.PRACTICE')
    answer = raw.ask('$JS.API.STREAM.CREATE.PRACTICE', {'name': 'PRACTICE', 'subjects': list(subjects or OLD), 'retention': 'limits',
                                                        'storage': 'file', 'num_replicas': 1, **OWN, **more})
    return answer['config']


def stream(raw):
    return raw.ask('$JS.API.STREAM.INFO.PRACTICE', {'subjects_filter': '>'})


def stored(raw):
    return stream(raw)['state'].get('subjects', {})


def server(lab, name, deny):
    """One whose clients may not publish what `deny` says; user "admin" may all."""
    rules = ', '.join(f'"{s}"' for s in deny)
    s = lab.server(name, f'authorization {{ users: [ {{ user: "admin", password: "admin" }}, {{ user: "any", password: "any", '
                         f'permissions: {{ publish: {{ deny: [ {rules} ] }} }} }} ] }}\nno_auth_user: "any"')
    return s, Raw(s.port, 'admin')


def five(c):
    """Flows with packets between them."""
    return [c(f'pub {k}.tokyo {k}{i} {i}') for i, k in enumerate(('flow', 'packet', 'flow', 'packet', 'flow'))] + [c('flush 20000')]


def may_update(t, lab):
    s = lab.server('may')
    raw = Raw(s.port)
    before = make(raw)
    c = lab.client('sensor.tokyo', s.settings())
    t.equal('an old stream, a role that may change it: all goes through', five(c), ['ok'] * 6)
    t.equal('... and is there', stored(raw), {'flow.tokyo': 3, 'packet.tokyo': 2})
    after = stream(raw)['config']
    t.equal('... the stream has the subjects', after.pop('subjects'), [*before.pop('subjects'), 'delivery.>', 'packet.>'])
    t.equal('... and nothing else of it was changed', after, before)
    t.equal('... said once', (len(c.said('bus_nats_stream_wider')), c.said('bus_nats_stream_narrow'), c.counters()['left_out']), (1, [], 0))
    c.close()
    make(raw)
    both = [lab.client(f'sensor.{n}', s.settings()) for n in ('a', 'b')]
    for c in both:
        c.send(f'pub packet.{"ab"[both.index(c)]} p 1')
        c.send('flush 20000')
    t.equal('two roles at once', [(c.read(), c.read()) for c in both], [('ok', 'ok')] * 2)
    t.equal('... each subject stands there once', sorted(stream(raw)['config']['subjects']), sorted([*OLD, 'delivery.>', 'packet.>']))
    for c in both:
        c.close()
    make(raw, [x for x in OLD if x != 'told.>'] + ['told.me', 'packet.tokyo', 'delivery.*'])
    c = lab.client('sensor.tokyo', s.settings())
    t.equal('subjects that an operator has narrowed stay as they are', (five(c), 'told.me' in stream(raw)['config']['subjects'],
                                                                      len(stream(raw)['config']['subjects'])), (['ok'] * 6, True, 15))
    c.close()
    s.kill()


def may_not_update(t, lab):
    s, raw = server(lab, 'narrow', ['$JS.API.STREAM.UPDATE.>'])
    make(raw, [x for x in OLD if x != 'told.>'])
    c = lab.client('sensor.tokyo', s.settings())
    t.equal('an old stream that may not be changed: nothing waits', five(c), ['ok'] * 6)
    t.equal('... every flow is there', stored(raw), {'flow.tokyo': 3})
    t.equal('... what was left out is counted', (c.counters()['left_out'], c.counters()['published']), (2, 3))
    said = c.said('bus_nats_stream_narrow')
    t.check('... and all that the stream lacks said once', len(said) == 1 and 'told.> delivery.> packet.>' in said[0] and
            not c.said('bus_nats_left_out'), c.events())
    c('pub flow.tokyo f9 9')
    c('pub told.me a 1')
    c('pub flow.tokyo f10 10')
    t.equal('a kind that must not be missing waits, and what is behind it', (c('flush 1500'), stored(raw)), ('again', {'flow.tokyo': 4}))
    t.check('... not silently', c.said('bus_nats_not_taken') and 'told.me' in c.said('bus_nats_not_taken')[0], c.events())
    config = stream(raw)['config']
    config['subjects'] += ['told.>']
    raw.ask('$JS.API.STREAM.UPDATE.PRACTICE', config)
    t.equal('... until the operator adds the subject', (c('flush 20000'), stored(raw)), ('ok', {'flow.tokyo': 5, 'told.me': 1}))
    s.kill()
    s.conf.write_text(s.conf.read_text().replace('STREAM.UPDATE', 'STREAM.OTHER'))
    s.start()
    raw = Raw(s.port, 'admin')
    t.check('... and gives the right: with the next connection the others are taken, too', wait_for(
        lambda: (c('pub packet.tokyo - 7'), c('flush 20000'))[1] == 'ok' and stored(raw).get('packet.tokyo')), c.events())
    t.equal('... said once', (len(c.said('bus_nats_stream_wider')), len(c.said('bus_nats_stream_narrow'))), (1, 1))
    c.close()
    s.kill()


def may_not_publish(t, lab):
    s, raw = server(lab, 'deny', ['packet.>'])
    make(raw, [*OLD, 'delivery.>', 'packet.>'])
    c = lab.client('sensor.tokyo', s.settings())
    t.equal('rights that refuse a kind: nothing waits, and the role lives', five(c), ['ok'] * 6)
    t.equal('... every flow is there', stored(raw), {'flow.tokyo': 3})
    c('pub packet.tokyo p9 9')
    t.equal('... it goes on', (c('pub flow.tokyo f9 9'), c('flush 20000'), stored(raw)), ('ok', 'ok', {'flow.tokyo': 4}))
    t.equal('... counted', (c.counters()['left_out'], c.counters()['published']), (3, 4))
    said = c.said('bus_nats_left_out')
    t.check('... said once, with the subject', len(said) == 1 and 'packet.>' in said[0] and 'packet.tokyo' in said[0] and
            not c.said('bus_nats_denied'), c.events())
    c.close()
    s.kill()


def hidden(t, lab):
    s, raw = server(lab, 'hidden', ['$JS.API.STREAM.>'])
    make(raw)
    c = lab.client('sensor.tokyo', s.settings())
    t.equal('an old stream that may not even be looked at: after some seconds nothing waits', five(c), ['ok'] * 6)
    t.equal('... every flow is there', stored(raw), {'flow.tokyo': 3})
    t.equal('... counted, said once', (c.counters()['left_out'], len(c.said('bus_nats_left_out'))), (2, 1))
    c.close()
    s.kill()


def main():
    t = Tap()
    tmp = tempfile.mkdtemp(prefix='practice-old-stream-')
    lab = Lab(tmp)
    try:
        for part in (may_update, may_not_update, may_not_publish, hidden):
            part(t, lab)
    finally:
        lab.close()
        shutil.rmtree(tmp, ignore_errors=True)
    t.done()


main()
