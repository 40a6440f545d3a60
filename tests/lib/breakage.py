"""What breaks between sites and the store, one function each: breaks it, puts it right, and says how long it took from then
until all that the sites had published was stored (None: it was not)."""
import os
import signal
import time

from nats import eventually


def line(h, seconds, cut=(), lossy=()):
    for name in cut:
        h.cut(name)
    for name in lossy:
        h.lossy(name)
    time.sleep(seconds)
    for name in cut:
        h.mend(name)
    for name in lossy:
        h.lossless(name)
    return h.caught_up()


def hub_node(h, node, seconds):
    """How long until the others go on without this one, and until it is whole again after its start."""
    h.kill(node)
    failed_over = h.caught_up()
    time.sleep(seconds)
    h.start_node(node)
    began = time.monotonic()

    def whole():
        with h.at_hub() as c:
            replicas = (c.js('STREAM.INFO.PRACTICE') or {}).get('cluster', {}).get('replicas', [])
            return len(replicas) == 2 and all(x['current'] and not x.get('lag') for x in replicas)
    return failed_over, round(time.monotonic() - began, 1) if eventually(whole, 60) else None


def leaf(h, name, seconds):
    h.kill(name)
    time.sleep(seconds)
    h.start_leaf(name)
    return h.caught_up()


def sensor(h, name, speed):
    h.started[f'sensor-{name}'].kill()
    h.started[f'sensor-{name}'].wait()
    h.play(name, speed)
    return h.caught_up()


def store(h):
    os.kill(h.role('store'), signal.SIGKILL)
    return h.caught_up()


def kept(h, name):
    """What the site's stream holds: [(subject, id, data)]."""
    with h.at_site(name) as c:
        sid = c.sub('_INBOX.kept')
        c.js(f'CONSUMER.CREATE.PRACTICE-{name}', {'stream_name': f'PRACTICE-{name}', 'config': {
            'deliver_subject': '_INBOX.kept', 'ack_policy': 'none', 'deliver_policy': 'all'}}, domain=h.domain(name))
        out, n = [], h.published(name)
        while len(out) < n:
            m = c.next(sid, 10)
            if not m:
                break
            if m[0] != '_INBOX.kept':
                head = dict(x.split(': ', 1) for x in m[2].decode().split('\r\n') if ': ' in x)
                out.append((m[0], head['Nats-Msg-Id'], m[3]))
        return out


def again(h, name):
    """All that the site has said is said again under the same ids, before and after its server has been killed: (how many
    times, how many of them were taken as new)."""
    was, said, new = kept(h, name), 0, 0
    for _ in range(2):
        with eventually(lambda: h.at_site(name)) as c:
            for subject, ident, data in was:
                got = eventually(lambda: c.publish(subject, data, ident))
                said += 1
                new += not (got and got.get('duplicate'))
        h.kill(name)
        h.start_leaf(name)
    return said, new


def full_disk(h, name, disk):
    """The device of the site's server is full; it is made larger. (whether it was full, whether the server had to be started
    again, seconds)."""
    def full():  # what is left may be less than one message
        st = os.statvfs(h.base / f'{name}-data')
        return st.f_bavail < st.f_blocks / 8
    was = bool(eventually(full, 60))
    time.sleep(3)
    h.enlarge(name, disk)
    before, restarted = h.published(name), False
    if not eventually(lambda: (h.published(name) or 0) > (before or 0), 5):
        restarted = True
        h.kill(name)
        h.start_leaf(name)
    h.stuck.discard(name)
    return was, restarted, h.caught_up()
