/* Alerts in the reader's language: kinds we know are said by template, others as the engine said. */
import { country, dayTime, lang, number, seconds, t, unit } from './i18n.js';

/* What an engine wrote has times in it: they are said in the reader's zone, as all others. */
export const told = (s) => String(s ?? '').replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (at) => dayTime(seconds(at)));
/* Whom or what a record is about, in words: by its kind and key. */
export function whoOf(a) {
  const key = a.key || '', what = key.slice(key.indexOf(':') + 1);
  switch (a.kind) {
    case 'spoofed-flood': return { who: what.replace(/\/\w+$/, '') + (a.ports?.length ? ` ${a.ports[0]}` : '') };
    case 'surge-country': return { who: country(a.country || what) };
    case 'surge-as': return { who: `AS${what}` };
    case 'surge-abroad': return { who: abroad(what) };
    case 'site-silent': case 'site-lossy': case 'clock-off': return { who: site(what) };
    case 'drdos': return drdos(what);
    default: return { who: what };
  }
}
const TITLES = {
  'spoofed-flood': 'title_spoofed_flood', 'surge-country': 'title_surge_country', 'surge-as': 'title_surge_country', 'surge-port': 'title_surge_port',
  'surge-abroad': 'title_surge_abroad', 'site-silent': 'title_site_silent', 'site-lossy': 'title_site_lossy', 'clock-off': 'title_clock_off',
  'sync-group': 'title_sync_group', 'sync-survey': 'title_sync_group', 'sync-point': 'title_sync_group', 'sync-weak': 'title_sync_group',
  'noise-survey': 'title_survey', 'noise-malware': 'title_malware', 'risk-port': 'title_risk_port', drdos: 'title_drdos',
  'new-reflection-port': 'title_new_reflection_port',
};
/* The engine's own line is English; in Japanese, or when there is none, ours. */
export function titleOf(a) {
  if ((lang.value === 'en' && a.title) || !Object.hasOwn(TITLES, a.kind ?? '')) return told(a.title) || a.key || '';
  return t(TITLES[a.kind], whoOf(a));
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
