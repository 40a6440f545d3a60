/* The time range and the filters of a view: both are in the address, and go along to other views. */
import { useState } from 'preact/hooks';
import { Choice, html } from './dom.js';
import { country, dayTime, t } from './i18n.js';
import { FILTERS, param, put } from './router.js';
import { RANGES, fixed, rangeOf, span } from './time.js';

/* Times are put in as UTC: a field for local time would mean another time for everybody. */
const field = (iso) => (iso ? iso.slice(0, 16) : '');
function Custom({ usual, close }) {
  const now = span({ usual });
  const [from, setFrom] = useState(field(param('from') ?? now?.from)), [to, setTo] = useState(field(param('to')));
  const submit = (e) => {
    e.preventDefault();
    if (from) put({ from: from + ':00Z', to: to ? to + ':00Z' : null, range: null }, true);
    close();
  };
  return html`<form class="custom" onSubmit=${submit}>
    <label>${t('from')} (UTC) <input type="datetime-local" value=${from} required onInput=${(e) => setFrom(e.target.value)} /></label>
    <label>${t('to')} (UTC) <input type="datetime-local" value=${to} min=${from} onInput=${(e) => setTo(e.target.value)} /></label>
    <button type="submit" class="plain">${t('apply')}</button></form>`;
}

const value = (k, v) => (k === 'country' ? country(v) : k === 'asn' ? 'AS' + v : v);
function Filters({ uses }) {
  const set = FILTERS.filter((k) => param(k));
  if (!set.length) return null;
  return html`<ul class="filters" aria-label=${t('filters')}>${set.map((k) => html`<li key=${k} class=${uses.includes(k) ? '' : 'unused'} title=${uses.includes(k) ? null : t('filter_unused')}>
    <span>${t('filter_' + k)}: <b>${value(k, param(k))}</b></span><button type="button" aria-label=${t('filter_remove', { name: `${t('filter_' + k)}: ${value(k, param(k))}` })} onClick=${() => put({ [k]: null }, true)}>✕</button></li>`)}</ul>`;
}

export function Bar({ usual, uses }) {
  const [open, setOpen] = useState(false), f = fixed();
  const words = [...(RANGES[usual] ? [] : [usual]), ...Object.keys(RANGES)].map((k) => [k, t('range_' + k)]);
  const pick = (v) => { if (v === 'custom') setOpen(true); else { setOpen(false); put({ range: v === usual ? null : v, from: null, to: null }, true); } };
  return html`<div class="range-bar"><${Choice} name="span" label=${t('range')} value=${f || open ? 'custom' : rangeOf(usual)} onChange=${pick}
      options=${[...words, ['custom', t('range_custom')]]} />
    ${f && !open && html`<button type="button" class="plain small" onClick=${() => setOpen(true)}>${dayTime(f.from)} – ${f.to ? dayTime(f.to) : t('now')} · ${t('change_range')}</button>`}
    ${open && html`<${Custom} usual=${usual} close=${() => setOpen(false)} />`}
    <${Filters} uses=${uses} /></div>`;
}
