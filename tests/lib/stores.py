"""What stores say, as text to compare: for tests that hold one store against another."""
import time

from tap import practice


def answers(store, *more, asked):
    """What a store says, as one text."""
    out = []
    for words in asked:
        code, text, err = practice('query', '--store', store, *more, *words.split(), '--json', '--limit', '1000000')
        out.append(f'{words}: {code} {err}\n{text}')
    return '\n'.join(out)


def same(t, what, saw, wanted):
    """Only the first line that differs is shown."""
    lines = [x for x in zip(saw.splitlines() + [''], wanted.splitlines() + ['']) if x[0] != x[1]]
    t.check(what, saw == wanted, f'saw    {lines[0][0][:400]}\nwanted {lines[0][1][:400]}' if lines else 'one has more lines')


def until(what, seconds=30):
    end = time.time() + seconds
    while time.time() < end and not what():
        time.sleep(0.2)


def removed(server, seconds=30):
    """Until what ALTER ... DELETE asked for is done."""
    until(lambda: server.query('SELECT sum(1 - is_done) FROM system.mutations') == '0', seconds)
