/* Small parts that views are made of: how they wait, fail and are empty, what somebody else wrote, links to
 * what is behind a number. */
import { useEffect, useState } from 'preact/hooks';
import { Severity, html } from './dom.js';
import { country, dayTime, seconds, t } from './i18n.js';
import { service } from './ports.js';
import { about, href } from './router.js';
import { may } from './session.js';

/* ---- waiting, failing, being empty ---- */
export function Waiting({ rows = 6 }) {
  const [slow, setSlow] = useState(false);
  useEffect(() => { const x = setTimeout(() => setSlow(true), 4000); return () => clearTimeout(x); }, []);
  return html`<div class="waiting" role="status" aria-busy="true"><span class="sr">${t('waiting')}</span>
    ${Array.from({ length: rows }, () => html`<div class="bone" aria-hidden="true"></div>`)}${slow && html`<p>${t('slow')}</p>`}</div>`;
}

const WORDS = { 403: 'trouble_forbidden', 404: 'trouble_missing', 429: 'trouble_busy', 503: 'trouble_busy' };
export function Trouble({ error, again, whole }) {
  const status = error?.status;
  return html`<div class=${whole ? 'whole' : 'trouble'} role="alert"><p><b>${t(WORDS[status] || (status ? 'trouble_failed' : 'failed_title'))}</b></p>
    ${!status && html`<p>${t('failed_text')}</p>`}${error?.said?.text && html`<p lang="en"><${Text} v=${error.said.text} /></p>`}
    ${again && status !== 403 && status !== 404 && html`<button type="button" class=${whole ? 'strong' : 'plain'} onClick=${again}>${t('retry')}</button>`}</div>`;
}

export const Empty = ({ text, hint }) => html`<div class="empty"><p><b>${text || t('nothing')}</b></p>${hint && html`<p>${hint}</p>`}</div>`;

/* An answer (useAnswer, useList) in all its states; children: what to show of its value. */
export function Load({ of, empty, children, rows }) {
  if (of.value === undefined) return of.error ? html`<${Trouble} error=${of.error} again=${of.again} />` : html`<${Waiting} rows=${rows} />`;
  const nothing = of.rows ? of.rows.length === 0 : of.value?.rows ? of.value.rows.length === 0 : false;
  return html`<div class=${of.busy ? 'busy' : ''} aria-busy=${!!of.busy}>
    ${of.error && html`<p class="stale" role="status">${t('stale')} <button type="button" class="plain small" onClick=${of.again}>${t('retry')}</button></p>`}
    ${nothing ? (empty || html`<${Empty} />`) : children(of.value, of.rows)}
    ${of.more && html`<p class="more"><button type="button" class="plain" disabled=${of.moreBusy} onClick=${of.more}>${t(of.moreBusy ? 'waiting' : 'more')}</button></p>`}
    ${of.truncated && html`<p class="note">${t('truncated')}</p>`}</div>`;
}

/* ---- what somebody else wrote ---- */
/* Names from DNS, of networks, comments: what steers the direction of writing, or cannot be seen, is shown
 * by its number, so that a name looks like nothing that it is not. */
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;
export const visible = (s) => String(s ?? '').replace(HIDDEN, (c) => `⟨U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`);
export const Text = ({ v }) => html`<bdi>${visible(v)}</bdi>`;

/* ---- what is behind it ---- */
export const Host = ({ ip }) => (may('analyst') ? html`<a class="mono" href=${about(ip)}>${ip}</a>` : html`<span class="mono">${ip}</span>`);
export const Port = ({ port, plain }) => html`<a class="mono" href=${about(port)}>${port}</a>${!plain && service(port) ? html` <small>${service(port)}</small>` : null}`;
export const Place = ({ code }) => (code ? html`${country(code)} <small translate=${false}>${code}</small>` : '–');
/* As a link to all that is known of it. */
export const Land = ({ code }) => (code ? html`<a class="quiet-link" href=${about(code)}>${country(code)}</a> <small translate=${false}>${code}</small>` : '–');
export const Network = ({ asn, name }) => (asn ? html`<a class="mono" href=${about('AS' + asn)}>AS${asn}</a>${name ? html` <small><${Text} v=${name} /></small>` : null}` : '–');
export const Time = ({ at }) => (at ? html`<time datetime=${at} class="nowrap">${dayTime(seconds(at))}</time>` : '–');
export const Chips = ({ list, max = 6 }) => html`<span class="chips">${(list || []).slice(0, max).map((x) => html`<span class="chip"><${Text} v=${x} /></span>`)}${list?.length > max ? html`<span class="chip">+${list.length - max}</span>` : null}</span>`;
export const Level = ({ level }) => html`<span class="nowrap"><${Severity} level=${level} /> <b class=${'sev-text sev-' + level}>${t('sev_' + level)}</b></span>`;

/* The flows behind a question in the one query language. */
export const Flows = ({ q, children }) => (may('analyst') ? html`<a href=${href('/flows', { q })}>${children}</a>` : children);

/* What honeypots were asked: of a victim, a vector, a sensor; from and to, in whole seconds around it, stand for
 * themselves. */
const OWN_TIME = { range: null, from: null, to: null, country: null, asn: null, port: null, sensor: null };
const whole = (at, round) => at && new Date(round(seconds(at)) * 1000).toISOString().replace('.000Z', 'Z');
export function HitsLink({ of, children }) {
  if (!may('analyst')) return children;
  const timed = of.from && { ...OWN_TIME, ...of, from: whole(of.from, Math.floor), to: whole(of.to, Math.ceil) };
  return html`<a href=${href('/hits', timed || of)}>${children}</a>`;
}

/* The same rows in another form; path: as it was asked for, or what may be exported instead. */
export function Export({ path }) {
  if (!path) return null;
  const link = (f) => `/api/v1${path}${path.includes('?') ? '&' : '?'}format=${f}`;
  return html`<span class="export">${t('export')} ${['csv', 'json', 'ndjson'].map((f) => html`<a href=${f === 'json' ? '/api/v1' + path : link(f)} download=${'practice.' + f}>${f.toUpperCase()}</a> `)}</span>`;
}

/* What is long and seldom read is made when it is asked for; children: makes it. */
export function Fold({ summary, children }) {
  const [open, setOpen] = useState(false);
  return html`<details onToggle=${(e) => setOpen(e.target.open)}><summary>${summary}</summary>${open && children()}</details>`;
}

/* On a phone, what is `more` of a row is there once it is asked for. */
function Row({ cols, row, i, folds }) {
  const [open, setOpen] = useState(false);
  const kind = (c) => (c.num ? 'num' : '') + (c.more ? ' more-of' : '');
  return html`<tr class=${folds && !open ? 'folded' : ''}>${cols.map((c, k) => (k === 0
    ? html`<th scope="row" class=${kind(c)}>${c.of(row, i)}</th>` : html`<td class=${kind(c)} data-head=${c.head}>${c.of(row, i)}</td>`))}
    ${folds && html`<td class="unfold"><button type="button" class="plain small" aria-expanded=${open} onClick=${() => setOpen(!open)}>${t('row_details')}</button></td>`}</tr>`;
}

/* A table that scrolls by itself when it is wider than the screen; on a phone each row is a card when
 * `cards`; `long`: on a desk its head stays in
 * sight while the page is scrolled. columns: [{head, num, more, of(row, i)}], what is false left out, what is `more` folded away in a
 * card; by(row, i): what tells rows apart. */
export function Table({ label, columns, rows, by, cards = true, long }) {
  const cols = columns.filter(Boolean), folds = cards && cols.some((c) => c.more);
  return html`<div class=${'scroll tall' + (long ? ' long' : '')} tabindex="0" role="group" aria-label=${label}><table class=${(cards ? 'cards' : '') + (folds ? ' folds' : '')}>
    <thead><tr>${cols.map((c) => html`<th scope="col" class=${c.num ? 'num' : ''}>${c.head}</th>`)}${folds && html`<td class="unfold"></td>`}</tr></thead>
    <tbody>${rows.map((r, i) => html`<${Row} key=${by ? by(r, i) : i} cols=${cols} row=${r} i=${i} folds=${folds} />`)}</tbody>
  </table></div>`;
}
