/* Alerts as they come: what is open first, the worst first. */
import { useState } from 'preact/hooks';
import { Choice, Panel, Severity, html } from './dom.js';
import { dayTime, duration, number, seconds, t } from './i18n.js';
import { Text } from './parts.js';
import { put } from './router.js';
import { alertList, counts, eventTime, isOpen } from './state.js';
import { ofHoneypots, titleOf, timesUsual, valueOf } from './words.js';

export const sevWord = (s) => t('sev_' + s);

export function When({ a }) {
  const from = seconds(a.from) ?? seconds(a.opened);
  /* Honeypots live in real time, also while a day of captures is played. */
  const now = ofHoneypots(a) ? Math.max(seconds(a.at), seconds(a.to) ?? 0) : eventTime.value;
  const end = isOpen(a) ? now : seconds(a.closed) ?? seconds(a.to);
  return html`<span class="nowrap">${t('since', { t: dayTime(from) })}, ${t(isOpen(a) ? 'for' : 'lasted', { d: duration(end - from) })}</span>`;
}

export function Card({ a }) {
  const times = timesUsual(a);
  return html`<li class=${`alert ${isOpen(a) ? 'is-open' : 'is-closed'} edge-${a.severity}${a.fresh ? ' fresh' : ''}`}>
    <button type="button" onClick=${() => put({ alert: a.id }, true)} aria-haspopup="dialog">
      <span class="alert-top"><${Severity} level=${a.severity} /><b class=${'sev-text sev-' + a.severity}>${sevWord(a.severity)}</b>
        <span class=${'state state-' + a.state}>${t('state_' + a.state)}</span></span>
      <strong class="alert-title"><${Text} v=${titleOf(a)} /></strong>
      <span class="alert-fact">${valueOf(a)}${times && html` · <b>${t('times_usual', { n: times })}</b>`}</span>
      <span class="alert-foot"><${When} a=${a} /><span class="chips">${(a.sensors || []).slice(0, 4).map((x) => html`<span class="chip">${x}</span>`)}${a.sensors?.length > 4 ? html`<span class="chip">+${a.sensors.length - 4}</span>` : null}</span></span>
    </button>
  </li>`;
}

export function Alerts() {
  const [all, setAll] = useState(true), [more, setMore] = useState(innerWidth > 760 ? 8 : 4); /* on a phone they stand first */
  const list = alertList.value.filter((a) => all || isOpen(a));
  const tools = html`<${Choice} name="alerts" label=${t('alerts')} value=${all ? 'all' : 'open'} onChange=${(v) => setAll(v === 'all')}
    options=${[['open', `${t('alerts_open')} ${number(counts.value.open)}`], ['all', t('alerts_all')]]} />`;
  return html`<${Panel} id="alerts" title=${t('alerts')} tools=${tools} className="alerts">
    ${list.length === 0 ? html`<div class="empty"><p><b>${t('alerts_none')}</b></p><p>${t('alerts_none_text')}</p></div>`
      : html`<ul class="alert-list">${list.slice(0, more).map((a) => html`<${Card} key=${a.id} a=${a} />`)}</ul>`}
    ${list.length > more && html`<button type="button" class="plain" onClick=${() => setMore(more + 24)}>${t('alerts_more', { n: number(list.length - more) })}</button>`}
  <//>`;
}
