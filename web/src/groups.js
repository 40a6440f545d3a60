/* Groups of hosts as several engines, at several times, claimed them: one line a story. */
import { seconds } from './i18n.js';
import { href } from './router.js';
import { RANKS } from './state.js';

export const levelOf = (r) => r.severity || RANKS[Math.max(0, (r.level || 1) - 1)];
export const ended = (r) => r.state === 'off' || r.state === 'close';
const enginesOf = (r) => (r.engine ? [r.engine] : r.engines || []);
export const groupPage = (key, changes) => href('/groups/' + encodeURIComponent(key), changes);

/* Rows of alerts and findings, newest first, into stories: the newest row says what stands, the one of most
 * hosts what it is, all of them when, by whom and where it was seen. */
export function stories(rows) {
  const by = new Map();
  for (const r of rows) {
    let g = by.get(r.key);
    if (!g) by.set(r.key, (g = { ...r, head: r, rows: [], engineSet: new Set(), sensorSet: new Set(), level: levelOf(r), from: r.from, to: r.to }));
    g.rows.push(r);
    for (const e of enginesOf(r)) g.engineSet.add(e);
    for (const x of r.sensors || []) g.sensorSet.add(x);
    if (RANKS.indexOf(levelOf(r)) > RANKS.indexOf(g.level)) g.level = levelOf(r);
    if (r.from < g.from) g.from = r.from;
    if (r.to > g.to) g.to = r.to;
    if (r.host_count > g.host_count) g.host_count = r.host_count;
    if (!ended(r) && !(g.biggest?.host_count >= r.host_count)) g.biggest = r;
    if (r.severity) g.alert = g.alert || r;
  }
  for (const g of by.values()) g.says = g.biggest || g.alert || g.head;
  return [...by.values()].sort((a, b) => ended(a) - ended(b) || RANKS.indexOf(b.level) - RANKS.indexOf(a.level) || (a.to < b.to ? 1 : -1));
}
export const portOf = (key) => (/^group:(\d+\/\w+)$/.exec(key) || [])[1];

/* When it was seen, merged: [[from, to]] in seconds. */
export function spells(rows) {
  const list = rows.map((r) => [seconds(r.from), seconds(r.to)]).filter(([a, b]) => a && b).sort((a, b) => a[0] - b[0]), out = [];
  for (const [a, b] of list) {
    const last = out[out.length - 1];
    if (last && a <= last[1] + 60) last[1] = Math.max(last[1], b);
    else out.push([a, b]);
  }
  return out;
}
