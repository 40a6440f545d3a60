#!/usr/bin/python3
"""The graphical lasso beside its peers, one core, one thread, CPU seconds of the solver alone.

  bench/glasso_peers.py BENCH_GLASSO [--peers R,huge,sklearn] [--limit SECONDS] [--rlib DIR]

Makes the data (dark: 12 samples of log counts, synchronous groups; long: 1440 samples, standardised),
runs every row, prints a table: seconds, ratio to the fastest peer of the row, objective off the best
known, proved gap, edges. --rlib DIR: an R library that has glassoFast, measured too.
A whole slot: --slot HOUR.pcap --to slot.X.f64 writes the /16 hosts of minutes 20 to 30 of an hour of
fixed-size Ethernet packets (gen_pcap.py hour.pcap 330000 2), 12 x 50 s of log counts, for
  bench_glasso x slot.X.f64 12 6619 1e-4 1 .9 .8 .7 .6 .5 .4
Needs: python3-numpy; r-cran-glasso, r-cran-huge, python3-sklearn where asked for.
"""
import argparse, json, os, subprocess, sys, tempfile

# Best known objectives and edges: QUIC at 1e-6, where it ended; else the lowest of all peers.
ROWS = [('dark', 200, .4, 230.457128, 2044), ('dark', 200, .6, 291.299601, 1355),
        ('dark', 200, .9, 344.480506, 677), ('dark', 1000, .4, 963.840698, 16037),
        ('dark', 1000, .6, 1329.675322, 12858), ('dark', 1000, .9, 1668.064044, 8759),
        ('dark', 2000, .4, 1835.964791, 38076), ('dark', 2000, .6, 2584.556398, 30844),
        ('dark', 2000, .9, 3287.297934, 22070), ('long', 200, .1, 198.336721, 696),
        ('long', 200, .2, 225.526026, 697), ('long', 1000, .1, 1000.239040, 4030),
        ('long', 1000, .2, 1131.291785, 4019), ('long', 2000, .1, 1986.407998, 8940),
        ('long', 2000, .2, 2252.911846, 8851)]
R = '''a<-commandArgs(TRUE); solver<-a[1]; p<-as.integer(a[3]); rho<-as.numeric(a[4])
.libPaths(c(a[5],.libPaths()))
S<-matrix(readBin(a[2],'double',p*p,8,endian='little'),p,p)
suppressMessages(library(solver,character.only=TRUE))
t<-system.time(r<-switch(solver, glasso=glasso(S,rho,thr=1e-4), glassoFast=glassoFast(S,rho,thr=1e-4),
  huge=huge(S,lambda=rho,method='glasso',verbose=FALSE)))
cat(t[1]+t[2])
'''
SK = '''import sys,time,numpy as np,warnings
warnings.simplefilter('ignore')
from sklearn.covariance import graphical_lasso
p=int(sys.argv[2]); rho=float(sys.argv[3]); S=np.fromfile(sys.argv[1]).reshape(p,p)
t=time.process_time(); graphical_lasso(S+rho*np.eye(p),rho,mode='cd',tol=1e-4,max_iter=100)
print(time.process_time()-t)
'''


def make(name, p, to):
    import numpy as np
    n, seed = (12, 100 + p) if name == 'dark' else (1440, 200 + p)
    r = np.random.default_rng(seed)
    rate = np.exp(r.normal(-1.0 if n == 12 else -1.5, 1.2, p))
    counts = np.zeros((n, p), dtype=np.int64)
    group, i, g = -np.ones(p, int), 0, 0
    while i < int(.35 * p):
        k = int(r.integers(4, 41))
        group[i:i + k] = g
        i += k
        g += 1
    pattern = r.gamma(0.35, 1 / 0.35, (g, n))
    for j in range(p):
        lam = np.full(n, rate[j])
        if group[j] >= 0:
            lam = max(rate[j], 1.0) * (0.15 + 0.85 * pattern[group[j]] * r.gamma(4, 0.25, n))
        counts[:, j] = r.poisson(lam)
    silent = counts.sum(0) == 0
    counts[r.integers(0, n, silent.sum()), np.where(silent)[0]] = 1
    x = np.log(np.where(counts == 0, 0.1, counts.astype(float)))
    if name == 'long':
        x = x / x.std(0)
    y = x - x.mean(0)
    x.tofile(f'{to}/{name}{p}.X.f64')
    (y.T @ y / n).tofile(f'{to}/{name}{p}.S.f64')


def slot(pcap, to):
    import numpy as np
    head, size = 24, 76
    record = np.dtype({'names': ['s', 'src'], 'formats': ['<u4', '>u4'], 'offsets': [0, 42],
                       'itemsize': size})
    r = np.fromfile(pcap, dtype=record, offset=head)
    s = r['s'].astype(int) % 3600 - 1200
    m = (s >= 0) & (s < 600)
    hosts, at = np.unique(r['src'][m] >> 16, return_inverse=True)
    counts = np.zeros((12, len(hosts)))
    np.add.at(counts, (s[m] // 50, at), 1)
    np.log(np.where(counts == 0, .1, counts)).tofile(to)
    print(len(hosts), 'hosts')


def run(cmd, limit):
    env = dict(os.environ, OPENBLAS_NUM_THREADS='1', OMP_NUM_THREADS='1')
    try:
        out = subprocess.run(cmd, capture_output=True, text=True, timeout=limit, env=env)
        return out.stdout if out.returncode == 0 else ''
    except subprocess.TimeoutExpired:
        return None


def peer(name, data, p, rho, o, dir):
    if name == 'sklearn':
        out = run(['/usr/bin/python3', '-c', SK, data, str(p), str(rho)], o.limit)
    else:
        lib = {'R': 'glasso'}.get(name, name)
        out = run(['Rscript', '--vanilla', f'{dir}/peer.R', lib, data, str(p), str(rho), o.rlib or '.'],
                  o.limit)
    if out is None:
        return '> limit'
    try:
        return float(out.split()[-1])
    except (IndexError, ValueError):
        return 'fails'


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    a.add_argument('bench', nargs='?')
    a.add_argument('--peers', default='R,huge,sklearn')
    a.add_argument('--limit', type=float, default=240)
    a.add_argument('--rlib', default='')
    a.add_argument('--only', default='', help='dark1000,long200: these data only')
    a.add_argument('--gap', default='1e-5')
    a.add_argument('--rounds', default='3')
    a.add_argument('--slot', help='an hour of packets: write a slot of it and end')
    a.add_argument('--to', default='slot.X.f64')
    o = a.parse_args()
    if o.slot:
        return slot(o.slot, o.to)
    if not o.bench:
        a.error('BENCH_GLASSO, or --slot')
    peers = [x for x in o.peers.split(',') if x] + (['glassoFast'] if o.rlib else [])
    print('| data | rho | ' + ' | '.join(peers) + ' | ours | ratio | objective off | gap / p | edges (best) |')
    print('|---' * (7 + len(peers)) + '|')
    with tempfile.TemporaryDirectory() as dir:
        open(f'{dir}/peer.R', 'w').write(R)
        made = set()
        for name, p, rho, best, edges in ROWS:
            if o.only and f'{name}{p}' not in o.only.split(','):
                continue
            if (name, p) not in made:
                make(name, p, dir)
                made.add((name, p))
            data = f'{dir}/{name}{p}.'
            n = '12' if name == 'dark' else '1440'
            kind = ['x', data + 'X.f64'] if name == 'dark' else ['s', data + 'S.f64']
            out = run([o.bench, *kind, n, str(p), o.gap, o.rounds, str(rho)], o.limit)
            us = json.loads(out.splitlines()[-1])
            theirs = [peer(x, data + 'S.f64', p, rho, o, dir) for x in peers]
            fast = min((x for x in theirs if isinstance(x, float)), default=float('nan'))
            print(f'| {name}{p} | {rho} | '
                  + ' | '.join(f'{x:.3f}' if isinstance(x, float) else x for x in theirs)
                  + f" | {us['seconds']:.3f} | {us['seconds'] / max(fast, 1e-3):.3f}"
                  + f" | {(us['objective'] - best) / abs(best):.1e} | {us['gap'] / p:.1e}"
                  + f" | {us['edges']} ({edges}) |", flush=True)


if __name__ == '__main__':
    sys.exit(main())
