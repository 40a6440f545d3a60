/* Who was told of an attack or an alert, and what routers were asked to do, in the order it was done. What one
 * way was told again and again between two others is one line. */
import { useEffect, useRef } from 'preact/hooks';
import { html } from './dom.js';
import { dayClock, number, seconds, t } from './i18n.js';
import { useAnswer } from './api.js';
import { Text } from './parts.js';
import { delivered, status } from './state.js';

const WAYS = ['mail', 'mbox', 'webhook', 'syslog', 'jsonl', 'csv', 'bgp'];
const STATES = ['start', 'open', 'update', 'resume', 'end', 'close'];
const wayWord = (w) => (WAYS.includes(w) ? t('told_way_' + w) : w);
const stateWord = (s) => (STATES.includes(s) ? t('told_state_' + s) : s);
const after = (s) => (s == null ? null : t('told_after', { s: s < 10 ? s.toFixed(1) : number(Math.round(s)) }));

/* Updates by one way, all taken, in a row. */
export function folded(rows) {
  const out = [];
  for (const d of [...rows].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))) {
    const same = (x) => x.first.state === 'update' && x.first.outcome === 'sent' && x.first.way === d.way && x.first.tenant === d.tenant && x.first.ref === d.ref;
    const last = d.state === 'update' && d.outcome === 'sent' ? out.findLast((x) => x.first.way === d.way && x.first.tenant === d.tenant) : null;
    if (last && same(last)) { last.n++; last.at = d.at; } else out.push({ first: d, n: 1, at: d.at });
  }
  return out;
}

function Line({ x }) {
  const d = x.first, rule = !!d.rule;
  return html`<li class=${`told told-${d.outcome}`}><span class="when">${dayClock(seconds(d.at))}</span> <b>${wayWord(d.way)}</b> <span class="chip">${t('told_' + d.outcome)}</span>${rule ? html` <span class="mono"><${Text} v=${d.rule} /></span>` : html` ${stateWord(d.state)}${x.n > 1 ? ` ×${number(x.n)}, ${t('told_until', { t: dayClock(seconds(x.at)) })}` : ''}`}
    ${d.tenant ? html` <small>→ <${Text} v=${d.tenant} />${d.to_count ? ` (${t('told_addresses', { n: number(d.to_count) })})` : ''}</small>` : null}
    ${!rule && x.n === 1 && after(d.after_s) ? html` <small>${after(d.after_s)}</small>` : null}
    ${d.detail ? html`<small class="mono detail"><${Text} v=${d.detail} /></small>` : null}</li>`;
}

/* Asked again a moment after somebody was told of it: what comes in a row is one question, and none is cut off
 * by the next. */
function useNews(news, answer) {
  const timer = useRef(null), latest = useRef(answer);
  latest.current = answer;
  const due = () => {
    timer.current = latest.current.busy ? setTimeout(due, 300) : null;
    if (!timer.current) latest.current.again();
  };
  useEffect(() => {
    if (news && !timer.current) timer.current = setTimeout(due, 300);
  }, [news]);
  useEffect(() => () => clearTimeout(timer.current), []);
}

/* of: "attack" or "alert"; kind: of the alert, an attack's is told as the attack. */
export function Deliveries({ of, id, kind }) {
  const path = status.value?.history ? `/deliveries?${of}=${encodeURIComponent(id)}` : null;
  const a = useAnswer(path, true), said = delivered.value;
  useNews(path && (kind === 'drdos' ? [...said.values()].findLast((d) => d.what === 'attack') : said.get(id)), a);
  const rows = a.value?.rows;
  if (!rows) return a.error && a.error.status !== 404 ? html`<p class="note">${t('trouble_failed')}</p>` : null;
  if (rows.length === 0) return html`<p class="note">${t('told_none')}</p>`;
  return html`<ol class="timeline">${folded(rows).map((x) => html`<${Line} key=${x.first.id} x=${x} />`)}</ol>`;
}
