/* The time range that views share, from the query string: range=1h, 3h, 24h or 7d back from the newest
 * observations, or from= and to=. Telescopes may play a day gone by while honeypots live in real time,
 * so "now" depends on whose observations are asked for. */
import { signal } from '@preact/signals';
import { seconds } from './i18n.js';
import { param } from './router.js';
import { eventTime, sensors } from './state.js';

export const RANGES = { '1h': 3600, '3h': 10800, '24h': 86400, '7d': 604800 };
export const beat = signal(0);
setInterval(() => { if (document.visibilityState === 'visible') beat.value++; }, 30000);

export const rangeOf = (usual = '24h') => (RANGES[param('range')] ? param('range') : usual);
export const fixed = () => (param('from') && seconds(param('from')) ? { from: seconds(param('from')), to: seconds(param('to')) } : null);

export const honeypotNow = () => {
  const heard = sensors.value.filter((s) => s.source === 'honeypot').map((s) => seconds(s.heard ?? s.last) ?? 0);
  return heard.length ? Math.max(...heard) : null;
};
export const iso = (s) => new Date(s * 1000).toISOString().replace('.000Z', 'Z');

/* {from, to} as the API takes them, or null while nobody knows what time it is. */
export function span({ usual, honeypots } = {}) {
  const f = fixed();
  if (f) return { from: iso(f.from), to: f.to ? iso(f.to) : null, length: f.to ? f.to - f.from : null };
  const now = (honeypots ? honeypotNow() : null) ?? eventTime.value;
  if (now == null) return null;
  const length = RANGES[rangeOf(usual)] ?? RANGES['24h'], step = length <= 10800 ? 60 : length <= 86400 ? 300 : 3600;
  return { from: iso(Math.floor(now / step) * step - length), to: null, length };
}
