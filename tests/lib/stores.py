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


def until(what, said, seconds=30):
    """Waits for what(); an error that says what did not come when it does not come."""
    end = time.time() + seconds
    while not what():
        if time.time() > end:
            raise TimeoutError(f'{said}: not after {seconds} s')
        time.sleep(0.2)


def removed(server, database='%', seconds=30):
    """Until what ALTER ... DELETE asked for is done."""
    until(lambda: server.query(f"SELECT sum(1 - is_done) FROM system.mutations WHERE database LIKE '{database}'") == '0', 'all mutations are done', seconds)
