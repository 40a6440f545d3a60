/* Alerts in the reader's language: kinds we know are said by template, others as the engine said. */
import { country, dayTime, lang, number, seconds, t, unit } from './i18n.js';

/* What an engine wrote has times in it: they are said in the reader's zone, as all others. */
export const told = (s) => String(s ?? '').replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (at) => dayTime(seconds(at)));
/* The engine's own line is English; in Japanese, or when there is none, ours. */
export function titleOf(a) {
  const key = a.key || '';
  const what = key.slice(key.indexOf(':') + 1);
  if (lang.value === 'en' && a.title) return told(a.title);
  switch (a.kind) {
    case 'spoofed-flood': return t('title_spoofed_flood', { who: what.replace(/\/\w+$/, '') + (a.ports?.length ? ` ${a.ports[0]}` : '') });
    case 'surge-country': return t('title_surge_country', { who: country(a.country || what) });
    case 'surge-port': return t('title_surge_port', { who: what });
    case 'surge-as': return t('title_surge_country', { who: `AS${what}` });
    case 'surge-abroad': return t('title_surge_abroad', { who: abroad(what) });
    case 'site-silent': return t('title_site_silent', { who: site(what) });
    case 'site-lossy': return t('title_site_lossy', { who: site(what) });
    case 'clock-off': return t('title_clock_off', { who: site(what) });
    case 'sync-group': return t('title_sync_group', { who: what });
    case 'risk-port': return t('title_risk_port', { who: what });
    case 'drdos': return t('title_drdos', drdos(what));
    case 'new-reflection-port': return t('title_new_reflection_port', { who: what });
    default: return told(a.title) || key;
  }
}
/* "port:1433/tcp", "country:MM", "as:64500": what surges at the sensors abroad only. */
function abroad(what) {
  const [dim, value] = what.split(':');
  return dim === 'country' ? country(value) : dim === 'as' ? `AS${value}` : value;
}
/* "tokyo/silent" */
const site = (what) => what.replace(/\/\w+$/, '');
/* "203.0.113.9:dns", "2001:db8::9:dns", "203.0.113.0/24:multi", and a profile's name behind it. */
function drdos(what) {
  const parts = what.split(':');
  if (/^(amppot|hopscotch|mph)$/.test(parts[parts.length - 1])) parts.pop();
  const vector = parts.pop();
  return { who: parts.join(':'), vector: vector === 'multi' ? t('title_drdos_several') : vector };
}
export const ofHoneypots = (a) => a.kind === 'drdos' || a.kind === 'new-reflection-port';
export const valueOf = (a) => (a.value ? `${number(a.value)} ${unit(a.unit)}` : '');
export const timesUsual = (a) => (a.baseline > 0 && !/^times/.test(a.unit) && a.value / a.baseline >= 1.1 ? number(Math.round((a.value / a.baseline) * 10) / 10) : '');
