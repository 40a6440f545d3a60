"""The simulated telescope hour: 3 million packets, made by the generator beside the data (3 s, 230 MB of scratch space),
or PRACTICE_TEL3M where it is kept.

    with telescope_hour() as pcap: ...
"""
import contextlib
import os
import subprocess
import tempfile

from tap import shared, skip

GEN = shared('bench/darknet/gen_pcap.py')
PY = '/usr/bin/python3'


@contextlib.contextmanager
def telescope_hour():
    """The capture's path; skips the whole script where it cannot be made."""
    kept = os.environ.get('PRACTICE_TEL3M')
    if kept and os.path.exists(kept):
        yield kept
        return
    if not GEN:
        skip('the generator is not beside the checkout (bench/darknet/)')
    if subprocess.run([PY, '-c', 'import numpy'], capture_output=True).returncode != 0:
        skip('the generator needs numpy')
    with tempfile.TemporaryDirectory() as tmp:
        pcap = kept or os.path.join(tmp, 'tel3m.pcap')
        subprocess.run([PY, GEN, pcap, '3000000', '1'], check=True, timeout=200)
        yield pcap
