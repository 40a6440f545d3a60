/* Parts of a whole as bars, with their numbers, the biggest first. rows: [{key, label, value, q}], q: the question
 * that the flows behind it answer. */
import { html } from './dom.js';
import { number, t } from './i18n.js';
import { Flows } from './parts.js';

export function Bars({ rows: parts, label, max = 12 }) {
  const rows = [...parts].sort((a, b) => b.value - a.value), top = Math.max(1, ...rows.map((r) => r.value)), shown = rows.slice(0, max), rest = rows.slice(max);
  if (!rows.length) return html`<p class="note">${t('nothing')}</p>`;
  return html`<table class="bars"><caption class="sr">${label}</caption><tbody>${shown.map((r) => html`<tr key=${r.key}><th scope="row">${r.label}
      <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="4" class="bar-back" /><rect width=${(100 * r.value) / top} height="4" /></svg></th>
    <td class="num">${r.q ? html`<${Flows} q=${r.q}>${number(r.value)}<//>` : number(r.value)}${r.note != null && html` <small>${r.note}</small>`}</td></tr>`)}
    ${rest.length > 0 && html`<tr><th scope="row">${t('bars_rest', { n: number(rest.length) })}</th><td class="num">${number(rest.reduce((a, r) => a + r.value, 0))}</td></tr>`}</tbody></table>`;
}
