/* The live page. State is in state.js, the portal's answers come through net.js; what is here is the
 * frame: header, figures, panels, footer. */
import { render } from 'preact';
import { effect } from '@preact/signals';
import { Choice, html } from './dom.js';
import { hhmm, keep, lang, longDate, number, short, t, theme, zone, zoneLabel } from './i18n.js';
import * as s from './state.js';
import { pause, start } from './net.js';
import { Traffic } from './chart.js';
import { World } from './map.js';
import { Places, Ports } from './tops.js';
import { Alerts } from './alerts.js';
import { Drawer } from './drawer.js';
import { Quality, Sensors } from './sensors.js';

const title = () => (lang.value === 'ja' ? s.status.value?.title_ja : s.status.value?.title) || 'PRACTICE';

function Connection() {
  const phase = s.paused.value ? 'paused' : s.phase.value;
  return html`<span class=${'conn conn-' + phase} role="status"><span class="lamp" aria-hidden="true"></span>${t('conn_' + phase)}</span>`;
}

function Header() {
  return html`<header class="top">
    <div class="brand"><img src="/icon.svg" alt="" width="32" height="32" /><div><h1>${title()}</h1><p>${t('page_title')}</p></div></div>
    <div class="clock" title=${t('event_time_help')}>
      <span class="clock-label">${t('event_time')}</span>
      <time>${s.eventTime.value == null ? '––:––' : hhmm(s.eventTime.value)} <small>${zoneLabel.value}</small></time>
      <span class="clock-date">${longDate(s.eventTime.value)}</span>
    </div>
    <div class="live"><${Connection} />
      <button type="button" class="plain" aria-pressed=${s.paused.value} onClick=${() => pause(!s.paused.value)}>${t(s.paused.value ? 'resume' : 'pause')}</button></div>
    <div class="settings">
      <${Choice} quiet name="tz" label=${t('timezone')} value=${zone.value} options=${['utc', 'jst', 'local'].map((v) => [v, t('tz_' + v)])} onChange=${(v) => { zone.value = v; }} />
      <${Choice} quiet name="theme" label=${t('theme')} value=${theme.value} options=${['auto', 'light', 'dark'].map((v) => [v, t('theme_' + v)])} onChange=${(v) => { theme.value = v; }} />
      <${Choice} quiet name="lang" label=${t('language')} value=${lang.value} options=${[['en', 'EN', 'English'], ['ja', '日本語', '日本語']]} onChange=${(v) => { lang.value = v; }} />
    </div>
  </header>`;
}

function Figure({ label, value, note, className }) {
  return html`<div class=${'stat ' + (className || '')}><dt>${label}</dt><dd><b>${value}</b><small>${note}</small></dd></div>`;
}

function Figures() {
  const m = s.totals.value, c = s.counts.value;
  const worst = [...s.RANKS].reverse().find((r) => c[r] > 0);
  const reporting = s.sensors.value.filter((x) => x.state === 'ok' || x.state === 'loss').length;
  return html`<dl class="stats">
    <${Figure} label=${t('stat_packets')} value=${short(m?.packets)} note=${`${t('stat_sum_sensors')}, ${hhmm(m?.at)}`} />
    <${Figure} label=${t('stat_sources')} value=${short(m?.sources)} note=${`${t('stat_sum_sensors')}, ${hhmm(m?.at)}`} />
    <${Figure} label=${t('stat_alerts')} value=${number(c.open)} className=${worst ? 'edge-' + worst : ''}
      note=${worst ? [...s.RANKS].reverse().filter((r) => c[r] > 0).map((r) => `${t('sev_' + r)} ${number(c[r])}`).join(' · ') : t('stat_none_open')} />
    <${Figure} label=${t('stat_sensors')} value=${number(reporting)} note=${t('stat_of', { n: number(s.sensors.value.length) })} />
  </dl>`;
}

function Footer() {
  return html`<footer class="foot"><p>${t('footer_darknet')}</p>
    <p><a href="/api/v1/openapi.json">${t('footer_api')}</a> · <a href="/api/v1/metrics">${t('footer_metrics')}</a> · <a href="/licenses.txt">${t('footer_licenses')}</a> · ${t('version', { v: s.status.value?.version || '?' })}</p></footer>`;
}

function Body() {
  if (!s.loaded.value)
    return s.phase.value === 'error'
      ? html`<div class="whole" role="alert"><h2>${t('failed_title')}</h2><p>${t('failed_text')}</p><button type="button" class="strong" onClick=${start}>${t('retry')}</button></div>`
      : html`<div class="whole" role="status"><div class="pulse" aria-hidden="true"></div><p>${t('loading')}</p></div>`;
  if (s.eventTime.value == null && !s.sensors.value.length)
    return html`<div class="whole" role="status"><div class="pulse" aria-hidden="true"></div><h2>${t('empty_title')}</h2><p>${t('empty_text')}</p></div>`;
  return html`<${Quality} /><${Figures} />
    <div class="grid"><${Traffic} /><${Alerts} /><${World} /><${Ports} /><${Places} /><${Sensors} /></div>`;
}

function App() {
  return html`<a class="skip" href="#main">${t('skip')}</a><${Header} />
    <main id="main" tabindex="-1"><${Body} /></main><${Footer} /><${Drawer} />
    <p class="sr" role="log" aria-live="polite">${s.said.value}</p>`;
}

/* ---- what outlives a reload, and a link that shows the same to somebody else ---- */
effect(() => {
  document.documentElement.lang = lang.value;
  document.documentElement.dataset.theme = theme.value;
  keep('lang', lang.value);
  keep('tz', zone.value);
  keep('theme', theme.value);
  document.title = s.counts.value.open > 0 ? `(${s.counts.value.open}) ${title()}` : title();
});
effect(() => {
  void lang.value;
  s.said.value = ''; /* what was said was in the other language */
});
effect(() => {
  const q = new URLSearchParams(location.search);
  const put = (key, value, usual) => (value === usual || value == null ? q.delete(key) : q.set(key, value));
  put('lang', q.has('lang') ? lang.value : null, null);
  put('tz', zone.value, 'utc');
  put('range', String(s.range.value), '3');
  put('measure', s.measure.value, 'packets');
  put('alert', s.selected.value, null);
  q.delete('theme');
  history.replaceState(null, '', q.size || [...q].length ? '?' + q : location.pathname);
});
const asked = new URLSearchParams(location.search);
if (['1', '3', '24'].includes(asked.get('range'))) s.range.value = +asked.get('range');
if (asked.get('measure') === 'sources') s.measure.value = 'sources';
if (asked.get('alert')) s.selected.value = asked.get('alert');

render(html`<${App} />`, document.getElementById('root'));
start();
