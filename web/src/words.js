/* Alerts in the reader's language: kinds we know are said by template, others as the engine said. */
import { country, number, t, unit } from './i18n.js';

export function titleOf(a) {
  const key = a.key || '';
  const what = key.slice(key.indexOf(':') + 1);
  switch (a.kind) {
    case 'spoofed-flood': return t('title_spoofed_flood', { who: what });
    case 'surge-country': return t('title_surge_country', { who: country(a.country || what) });
    case 'surge-port': return t('title_surge_port', { who: what });
    default: return a.title || key;
  }
}
export const valueOf = (a) => (a.value ? `${number(a.value)} ${unit(a.unit)}` : '');
export const timesUsual = (a) => (a.baseline > 0 && a.value / a.baseline >= 1.1 ? number(Math.round((a.value / a.baseline) * 10) / 10) : '');
