/* Alerts in the reader's language: kinds we know are said by template, others as the engine said. */
import { country, lang, number, t, unit } from './i18n.js';

/* The engine's own line is English; in Japanese, or when there is none, ours. */
export function titleOf(a) {
  const key = a.key || '';
  const what = key.slice(key.indexOf(':') + 1);
  if (lang.value === 'en' && a.title) return a.title;
  switch (a.kind) {
    case 'spoofed-flood': return t('title_spoofed_flood', { who: what.replace(/\/\w+$/, '') + (a.ports?.length ? ` ${a.ports[0]}` : '') });
    case 'surge-country': return t('title_surge_country', { who: country(a.country || what) });
    case 'surge-port': return t('title_surge_port', { who: what });
    case 'drdos': return t('title_drdos', { who: what.replace(/:[^:]*$/, ''), vector: what.replace(/^.*:/, '') });
    default: return a.title || key;
  }
}
export const valueOf = (a) => (a.value ? `${number(a.value)} ${unit(a.unit)}` : '');
export const timesUsual = (a) => (a.baseline > 0 && a.value / a.baseline >= 1.1 ? number(Math.round((a.value / a.baseline) * 10) / 10) : '');
