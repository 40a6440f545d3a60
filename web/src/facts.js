/* What a finding says beside its fields (`facts`, src/model/facts.h: "NAME VALUE"), in the reader's language. Each has a
 * phrase of its own; one that is not known here stands as it came. */
import { country, dayTime, duration, number, seconds, t } from './i18n.js';

const BOUNDS = { '<': 'fact_under', '>': 'fact_over', '~': 'fact_around' };
/* A number, maybe with a bound; small ones as they were written. */
function amount(v) {
  const [, bound, n] = /^([<>~]?)(.*)$/.exec(v), shown = /^\d+$/.test(n) ? number(Number(n)) : n;
  return bound ? t(BOUNDS[bound], { n: shown }) : shown;
}
const time = (v) => ({ v: dayTime(seconds(v)) });
/* "1433/tcp 30": what, and how many. */
const counted = (say) => (v) => ({ v: say(v.slice(0, v.lastIndexOf(' '))), n: amount(v.slice(v.lastIndexOf(' ') + 1)) });
/* "120 isc.org ANY IN": how many, and of what. */
const numbered = (n) => (v) => ({ n: n(v.split(' ')[0]), v: v.slice(v.indexOf(' ') + 1) });
const same = (v) => v, asIs = (v) => ({ v });
const SHAPES = {
  slot: time, since: time, 'peak-at': time, heard: time, 'to-port': counted(same), 'from-country': counted(country), top: counted(same), networks: counted(amount),
  as: numbered(same), asked: numbered(amount), 'most-from': (v) => ({ v: country(v) }), 'at-sensor': asIs, list: asIs, vector: asIs,
  clock: (v) => ({ v: t('clock_' + v) }), 'clock-synced': (v) => ({ v: t('synced_' + v) }),
};
const shapeOf = (name) => SHAPES[name] ?? (name.endsWith('-s') ? (v) => ({ v: duration(Number(v)) }) : (v) => ({ v: amount(v) }));

function phrase(fact) {
  const at = fact.indexOf(' '), name = fact.slice(0, at), key = name.replace(/-/g, '_'), value = fact.slice(at + 1);
  const text = t('fact_' + key, shapeOf(name)(value));
  return text === 'fact_' + key ? fact : text;
}
export const factsSay = (r) => (r.facts?.length ? t('fact_all', { facts: r.facts.map(phrase).join(t('fact_between')) }) : '');
