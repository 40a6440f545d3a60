/* Two catalogues with the same keys (a test compares them), and everything that depends on the
 * reader's language or time zone. Views bring their own texts along when they are loaded. */
import { computed, signal } from '@preact/signals';
import en from './i18n/en.json';
import ja from './i18n/ja.json';

const catalogues = { en, ja };
export function addTexts(more) {
  for (const l of Object.keys(catalogues)) Object.assign(catalogues[l], more[l]);
}
const stored = (key, allowed, other) => {
  let v = new URLSearchParams(location.search).get(key);
  if (!allowed.includes(v)) {
    try { v = localStorage.getItem('practice.' + key); } catch { v = null; }
  }
  return allowed.includes(v) ? v : other;
};

export const lang = signal(stored('lang', ['en', 'ja'], (navigator.language || '').startsWith('ja') ? 'ja' : 'en'));
export const zone = signal(stored('tz', ['utc', 'jst', 'local'], 'utc'));
export const theme = signal(stored('theme', ['auto', 'light', 'dark'], 'auto'));
export const keep = (key, value) => {
  try { localStorage.setItem('practice.' + key, value); } catch { /* private mode: only for now */ }
};

export function t(key, values) {
  const text = catalogues[lang.value][key] ?? key;
  return values ? text.replace(/\{(\w+)\}/g, (all, k) => values[k] ?? all) : text;
}

/* ---- numbers ---- */
const numbers = computed(() => ({
  whole: new Intl.NumberFormat(lang.value, { maximumFractionDigits: 0 }),
  small: new Intl.NumberFormat(lang.value, { maximumFractionDigits: 1 }),
  short: new Intl.NumberFormat(lang.value, { notation: 'compact', maximumFractionDigits: 1 }),
}));
export const number = (v) => (v == null ? '–' : (Math.abs(v) < 10 && v % 1 ? numbers.value.small : numbers.value.whole).format(v));
export const short = (v) => (v == null ? '–' : v < 10000 ? number(v) : numbers.value.short.format(v));

/* ---- times: all arguments in seconds since 1970 ---- */
export const zoneName = computed(() => ({ utc: 'UTC', jst: 'Asia/Tokyo', local: undefined })[zone.value]);
export const zoneLabel = computed(() =>
  zone.value === 'local'
    ? Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(0).find((p) => p.type === 'timeZoneName').value
    : t('tz_' + zone.value));
const clock = computed(() => {
  const base = { timeZone: zoneName.value, hourCycle: 'h23', hour: '2-digit', minute: '2-digit' };
  return {
    minute: new Intl.DateTimeFormat('en-GB', base),
    second: new Intl.DateTimeFormat('en-GB', { ...base, second: '2-digit' }),
    date: lang.value === 'ja'
      ? new Intl.DateTimeFormat('ja', { timeZone: zoneName.value, year: 'numeric', month: 'long', day: 'numeric', weekday: 'short' })
      : new Intl.DateTimeFormat('en-GB', { timeZone: zoneName.value, year: 'numeric', month: 'short', day: 'numeric', weekday: 'short' }),
    day: new Intl.DateTimeFormat(lang.value === 'ja' ? 'ja' : 'en-GB', { timeZone: zoneName.value, month: 'short', day: 'numeric' }),
    dayOfYear: new Intl.DateTimeFormat(lang.value === 'ja' ? 'ja' : 'en-GB', { timeZone: zoneName.value, year: 'numeric', month: 'short', day: 'numeric' }),
  };
});
export const hhmm = (s) => (s == null ? '–' : clock.value.minute.format(s * 1000));
export const longDate = (s) => (s == null ? '' : clock.value.date.format(s * 1000));
/* Of another year than this one: the year, too. */
const year = (s) => new Date(s * 1000).getUTCFullYear();
const day = (s) => (year(s) === year(Date.now() / 1000) ? clock.value.day : clock.value.dayOfYear).format(s * 1000);
export const dayTime = (s) => (s == null ? '–' : `${day(s)} ${hhmm(s)}`);
/* To the second; `exactly`: of a record's own text. */
export const dayClock = (s) => (s == null ? '–' : `${day(s)} ${clock.value.second.format(s * 1000)}`);
export const exactly = (text) => dayClock(seconds(text));
export const seconds = (text) => (text ? Date.parse(text) / 1000 : null);

export function duration(s) {
  if (s == null || s < 0) return '–';
  if (s < 60) return t('dur_s', { n: Math.round(s) });
  if (s < 5400) return t('dur_min', { n: Math.round(s / 60) });
  if (s < 172800) return t('dur_h', { n: number(Math.round(s / 360) / 10) });
  return t('dur_d', { n: number(Math.round(s / 8640) / 10) });
}

/* ---- names ---- */
const regions = computed(() => ['short', 'long'].map((style) => new Intl.DisplayNames([lang.value], { type: 'region', style, fallback: 'none' })));
export function country(code) {
  try {
    const [brief, full] = regions.value.map((r) => r.of(code));
    return (brief && brief.length > (lang.value === 'ja' ? 1 : 3) ? brief : full) || code;
  } catch { return code || t('unknown'); }
}
const UNITS = {
  sources: 'unit_sources', packets: 'unit_packets', hosts: 'unit_hosts', 'sources/min': 'unit_sources_min',
  'packets/min': 'unit_packets_min', 'packets/s': 'unit_packets_s', 'sources/day': 'unit_sources_day', senders: 'unit_senders', min: 'unit_min', s: 'unit_s', '% lost': 'unit_lost', 'times chance': 'unit_times_chance',
};
export const unit = (u) => (UNITS[u] ? t(UNITS[u]) : u);
