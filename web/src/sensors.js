/* The sensors and how they are; and the line that says when the numbers are not whole: above every view of the present. */
import { Panel, html } from './dom.js';
import { country, dayTime, seconds, short, t } from './i18n.js';
import { HitsLink } from './parts.js';
import { href } from './router.js';
import { may } from './session.js';
import { sensors } from './state.js';

const MARKS = { ok: '✓', late: '…', silent: '×', loss: '!' };

export function Quality() {
  const lines = ['silent', 'late', 'loss'].map((state) => [state, sensors.value.filter((s) => s.state === state).map((s) => s.name)]).filter(([, names]) => names.length);
  if (!lines.length) return null;
  return html`<p class="quality" role="status"><b>${may('operator') ? html`<a class="plain-link" href=${href('/system')}>${t('quality_title')}</a>` : t('quality_title')}</b> ${lines.map(([state, names]) => html`<span>${t('quality_' + state, { names: names.slice(0, 6).join(', ') + (names.length > 6 ? ` +${names.length - 6}` : '') })}</span>`)}</p>`;
}

/* A honeypot sends no flows: no minutes of its own. */
const own = (s, v) => (s.source === 'honeypot' ? null : v);

export function Sensors() {
  return html`<${Panel} id="sensors" title=${t('sensors')} className="sensors">
    <ul class="sensor-list">${sensors.value.map((s) => html`<li key=${s.name} class=${'sensor h-' + s.state}>
      <span class="mark" aria-hidden="true">${MARKS[s.state]}</span>
      <div><b>${s.source === 'honeypot' ? html`<${HitsLink} of=${{ sensor: s.name }}>${s.name}<//>` : s.name}</b> ${s.country && html`<small>${country(s.country)}</small>`}${s.source === 'honeypot' && html` <small class="chip">${t('honeypot')}</small>`}
        <p><span class="health">${t('health_' + s.state)}</span> · ${s.last ?? s.heard ? t('last_minute', { t: dayTime(seconds(s.last ?? s.heard)) }) : t('never')}</p></div>
      <dl><div><dt>${t('packets_min')}</dt><dd>${short(own(s, s.packets))}</dd></div>
        <div><dt>${t('sources_min')}</dt><dd>${short(own(s, s.sources))}</dd></div>
        <div><dt>${t('lost')}</dt><dd>${short(s.lost)}</dd></div></dl>
    </li>`)}</ul>
  <//>`;
}
