#!/usr/bin/env python3
"""Non-negative factorisation beside its peer: scikit-learn's coordinate descent on CSR, from the same start, in the same run.

Usage: bench/nmf_peers.py [BUILD [RUNS]]     needs python3-sklearn; BUILD/bench/bench_nmf must be built (ninja -C BUILD bench)

Two made matrices of counts (4096 x 1440, 20000 x 600: 30 groups with bursts over a Poisson background), ranks 10, 20, 30, 50 sweeps.
CPU seconds of one thread, lowest of RUNS; the objective after 50 sweeps must agree to 1e-9. One line of JSON for each, then the table."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

for name in ('OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS'):
    os.environ[name] = '1'
import numpy as np  # noqa: E402
import scipy.sparse as sp  # noqa: E402
from sklearn.decomposition import NMF  # noqa: E402

SWEEPS = 50
KNOWN = {('a', 10): 2190569.6869, ('a', 20): 1308825.3331, ('a', 30): 1070450.4380,
         ('b', 10): 3126108.9163, ('b', 20): 2182864.8191, ('b', 30): 1899075.5309}


def counts(m, n, seed, groups=30):
    r = np.random.default_rng(seed)
    rate = np.exp(r.normal(-3.2, 1.3, m))
    v = r.poisson(rate[:, None], (m, n)).astype(float)
    members = r.permutation(m)[:int(.4 * m)]
    for idx in np.array_split(members, groups):
        pattern = np.zeros(n)
        for _ in range(int(r.integers(1, 6))):
            start = int(r.integers(0, n - 20))
            length = int(r.integers(5, n // 6))
            pattern[start:start + length] += r.gamma(2, 1)
        v[idx] += r.poisson(np.exp(r.normal(0, .6, len(idx)))[:, None] * pattern[None, :] * r.gamma(5, .2, n)[None, :])
    return v


def objective(v, square, w, h):
    return 0.5 * (square - 2 * ((v.T @ w) * h.T).sum() + ((w.T @ w) * (h @ h.T)).sum())


def peer(v, w0, h0, k, runs):
    best = None
    for _ in range(runs):
        model = NMF(k, init='custom', solver='cd', beta_loss='frobenius', tol=0, max_iter=SWEEPS, shuffle=False)
        t = time.process_time()
        w = model.fit_transform(v, W=w0.copy(), H=h0.copy())
        t = time.process_time() - t
        best = t if best is None else min(best, t)
    return best, objective(v, v.multiply(v).sum(), w, model.components_)


def main():
    warnings.simplefilter('ignore')
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else 'build')
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    rows, wrong = [], 0
    with tempfile.TemporaryDirectory() as tmp:
        for name, m, n, seed in (('a', 4096, 1440, 11), ('b', 20000, 600, 12)):
            dense = counts(m, n, seed)
            files = [f'{tmp}/{x}' for x in ('v', 'w', 'h')]
            dense.tofile(files[0])
            v = sp.csr_matrix(dense)
            for k in (10, 20, 30):
                r = np.random.default_rng(7)
                s = np.sqrt(dense.mean() / k)
                w0, h0 = r.random((m, k)) * s * 2, r.random((k, n)) * s * 2
                w0.tofile(files[1])
                h0.tofile(files[2])
                seconds, theirs = peer(v, w0, h0, k, runs)
                out = subprocess.run([build / 'bench/bench_nmf', *files, str(m), str(n), str(k), name],
                                     check=True, capture_output=True, text=True).stdout
                print(out, end='')
                ours = {x['bench']: x for x in map(json.loads, out.splitlines())}
                mine = ours['nmf_hals']
                off = abs(mine['objective'] / theirs - 1)
                wrong += off > 1e-9 or abs(mine['objective'] / KNOWN[name, k] - 1) > 1e-9
                rows.append((name, k, seconds, mine['seconds'], mine['seconds'] / seconds, theirs, mine['objective'], off,
                             ours['nmf_hals_again'], ours['nmf_mu']))
                print(json.dumps({'bench': 'nmf_peer', 'data': name, 'k': k, 'peer_seconds': round(seconds, 4),
                                  'ratio': round(mine['seconds'] / seconds, 4), 'off': off}), flush=True)
    print('| data | k | sklearn cd CSR, s | ours, s | ratio | objective, sklearn | ours | off | accelerated: s, objective | MU: s, objective |')
    print('|---|---|---|---|---|---|---|---|---|---|')
    for d, k, s, t, ratio, theirs, mine, off, again, mu in rows:
        print(f'| {d} | {k} | {s:.3f} | {t:.3f} | {ratio:.3f} | {theirs:.4f} | {mine:.4f} | {off:.1e} | '
              f'{again["seconds"]:.3f}, {again["objective"]:.1f} | {mu["seconds"]:.3f}, {mu["objective"]:.1f} |')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
