#!/bin/bash
# Capture, and the tools that people use for it, on the same file, on one core, in turn.
#
#   bench/capture_peers.sh FILE.pcap [ROUNDS]
#
# CPU seconds are user + system, the lowest of ROUNDS (default 3); packets a second follow from them.
# A peer that is not installed is left out. What each one does is not the same: the last column says.
set -eu
file=${1:?usage: bench/capture_peers.sh FILE.pcap [ROUNDS]}
rounds=${2:-3}
here=$(cd "$(dirname "$0")/.." && pwd)
practice=${PRACTICE:-$here/build/src/practice}
core=${CORE:-$(($(nproc) - 1))}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
PATH=$PATH:/usr/sbin:/sbin

packets=$("$practice" capture --json "$file" | sed 's/.*"frames":\([0-9]*\).*/\1/')
[ "$packets" -gt 0 ]

base=
one() { # NAME COMMAND...: prints a row; the first one is the base of the ratios
  name=$1 note=$2
  shift 2
  command -v "$1" >/dev/null 2>&1 || { printf '%-28s not installed\n' "$name"; return 0; }
  best= mem=0
  for _ in $(seq "$rounds"); do
    rm -rf "$tmp/out" && mkdir "$tmp/out"
    if ! taskset -c "$core" timeout 120 /usr/bin/time -o "$tmp/time" -f '%U %S %M' "$@" >"$tmp/log" 2>&1; then
      printf '%-28s failed: %s\n' "$name" "$(tail -n 1 "$tmp/log")"
      return 0
    fi
    read -r u s m < <(tail -n 1 "$tmp/time")
    cpu=$(awk "BEGIN { print $u + $s }")
    if [ -z "$best" ] || awk "BEGIN { exit !($cpu < $best) }"; then best=$cpu; fi
    [ "$m" -gt "$mem" ] && mem=$m
  done
  : "${base:=$best}"
  awk -v n="$name" -v c="$best" -v p="$packets" -v b="$base" -v m="$mem" -v note="$note" 'BEGIN {
    printf "%-28s %7.2f s %8.2f Mpps %7.1fx %6d MB  %s\n", n, c, p / 1e6 / (c > 0 ? c : 0.01), (c > 0 ? c : 0.01) / b, m / 1024, note }'
}

printf '%s: %s packets; core %s; %s\n' "$(basename "$file")" "$packets" "$core" \
  "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
printf '%-28s %9s %13s %8s %9s\n' "" "CPU" "rate" "CPU to" "memory"
printf '%-28s %9s %13s %8s\n' "" "" "" "first"
one "practice, marks" "decode, fingerprints, marks, flow rows" "$practice" capture "$file"
one "practice, batches to disk" "the same, sorted, packed, written" "$practice" capture --write "$tmp/out" "$file"
one "tcpdump --count" "reads only" tcpdump --count -r "$file"
one "nfpcapd" "flows to disk" nfpcapd -r "$file" -w "$tmp/out" -t 300
one "argus" "flows to disk" argus -r "$file" -w "$tmp/out/argus"
one "softflowd" "flows, exported to nobody" softflowd -r "$file" -n 127.0.0.1:9 -d
