/* Everything the page shows, as signals; net.js fills them, components read them. Minutes are kept
 * per sensor by the second their minute starts at, a day at most. */
import { computed, signal } from '@preact/signals';
import { param } from './router.js';

export const status = signal(null);
export const phase = signal('connecting'); /* connecting, live, reconnecting, error */
export const paused = signal(false);
export const loaded = signal(false);
export const loads = signal(0); /* rises when all was asked for again: events between were not seen */
export const eventTime = signal(null); /* seconds */
export const sensors = signal([]);
export const counts = signal({ open: 0 });
export const tops = signal({ port: [], country: [], asn: [] });
export const world = signal([]); /* all countries: [key, packets, sources] */
export const alerts = signal(new Map());
export const attacks = signal(new Map()); /* what was said of them since the page was opened: id -> newest revision */
export const findings = signal(new Map()); /* what engines have claimed since: key -> newest */
export const decided = signal(null); /* the newest decision of anybody, as it comes */
export const delivered = signal(new Map()); /* that somebody was told: attack or alert -> the newest word of it */
export const selected = computed(() => param('alert')); /* shown beside what is there */
export const said = signal(''); /* for the screen reader */
export const range = computed(() => ({ '1h': 1, '24h': 24, '7d': 24 })[param('range')] ?? 3); /* hours of the live chart */
export const measure = computed(() => (param('measure') === 'sources' ? 'sources' : 'packets'));

export const DAY = 1440;
const minutes = new Map(); /* sensor -> Map(second -> [packets, sources]) */
export const revision = signal(0); /* rises when minutes change */

export function putMinute(sensor, at, packets, sources) {
  let m = minutes.get(sensor);
  if (!m) minutes.set(sensor, (m = new Map()));
  m.set(at, [packets, sources]);
}
export function touchMinutes() {
  const oldest = (eventTime.value ?? 0) - DAY * 60;
  for (const m of minutes.values())
    for (const at of m.keys()) {
      if (at >= oldest && m.size <= DAY + 60) break;
      m.delete(at);
    }
  revision.value++;
}
export function clearMinutes() {
  minutes.clear();
}

/* The newest minute that every sensor that speaks has told: its totals. A sensor that was heard in
 * the last hour but is behind by more than three minutes is not waited for. */
export const totals = computed(() => {
  void revision.value;
  const now = eventTime.value;
  if (now == null) return null;
  const last = Math.floor(now / 60) * 60 - 60;
  const speak = [...minutes.values()].filter((m) => [0, 60, 120, 180].some((back) => m.has(last - back)));
  if (!speak.length) return null;
  let at = last;
  while (at > last - 180 && !speak.every((m) => m.has(at))) at -= 60;
  const sum = (k) => speak.reduce((a, m) => a + (m.get(at)?.[k] ?? 0), 0);
  return { at, packets: sum(0), sources: sum(1) };
});

/* Columns for a chart: times, then one column a sensor; the biggest `max` of them, the rest summed. */
export function columns(hours, which, max) {
  void revision.value;
  const now = eventTime.value;
  if (now == null) return null;
  const k = which === 'packets' ? 0 : 1;
  const to = Math.floor(now / 60) * 60, from = to - hours * 3600;
  const names = [...minutes.keys()].sort();
  const step = hours > 12 ? 300 : 60;
  const times = [];
  for (let at = Math.ceil(from / step) * step; at < to; at += step) times.push(at);
  const read = (m) => times.map((at) => {
    let sum = null, n = 0;
    for (let a = at; a < at + step; a += 60) {
      const v = m.get(a);
      if (v) { sum = (sum ?? 0) + v[k]; n++; }
    }
    return sum == null ? null : sum / n;
  });
  let list = names.map((name) => ({ name, values: read(minutes.get(name)) }));
  if (list.length > max) {
    const weight = (s) => s.values.reduce((a, v) => a + (v ?? 0), 0);
    const order = [...list].sort((a, b) => weight(b) - weight(a));
    const big = new Set(order.slice(0, max - 1).map((s) => s.name));
    const rest = order.slice(max - 1);
    list = list.filter((s) => big.has(s.name));
    list.push({ name: null, count: rest.length, values: times.map((_, i) => rest.reduce((a, s) => (s.values[i] == null ? a : (a ?? 0) + s.values[i]), null)) });
  }
  return { times, list, step };
}

export const RANKS = ['notice', 'low', 'medium', 'high', 'critical'];
export const isOpen = (a) => a.state !== 'close';
export const alertList = computed(() =>
  [...alerts.value.values()].sort((a, b) =>
    isOpen(b) - isOpen(a) ||
    (isOpen(a) ? RANKS.indexOf(b.severity) - RANKS.indexOf(a.severity) : 0) ||
    (a.at < b.at ? 1 : a.at > b.at ? -1 : a.id < b.id ? -1 : 1)));
