/* Sensor by sensor: who is before whom, or whom they share; a cell opens what is behind it. */
import { Choice, Panel, html } from '../../dom.js';
import { country, duration, number, t } from '../../i18n.js';
import { Bars } from '../../bars.js';
import { Empty, Place, Text } from '../../parts.js';
import { here, href, param, put } from '../../router.js';

const percent = (v) => `${number(Math.round(1000 * v) / 10)} %`;
export const lag = (s) => (s == null ? '–' : Math.abs(s) < 1 ? t('compare_same_time') : `${s > 0 ? '+' : '−'}${duration(Math.abs(s))}`);
const find = (v, a, b) => v.pairs.find((x) => (x.a === a && x.b === b) || (x.a === b && x.b === a));

/* What the row's sensor is to the column's. step: -5..5, first to later; of overlap 0..5. */
function cell(v, by, a, b) {
  const p = find(v, a, b);
  if (!p) return null;
  if (by === 'overlap') return { text: percent(p.jaccard), note: t('compare_shared', { n: number(p.shared) }), step: p.shared ? Math.max(1, Math.min(5, Math.ceil(p.jaccard * 12))) : 0 };
  if (!p.stories) return null;
  const s = p.a === a ? p.lag_median_s : -p.lag_median_s, [first, later] = p.a === a ? [p.a_first, p.b_first] : [p.b_first, p.a_first];
  return { text: lag(s), note: t('compare_first_of', { n: number(first), m: number(p.stories) }), step: Math.round((5 * (first - later)) / p.stories) };
}
const look = (step) => (step > 0 ? 'plus-' + step : step < 0 ? 'minus-' + -step : 'level');

function Detail({ v, a, b }) {
  const p = find(v, a, b);
  if (!p) return null;
  const sign = p.a === a ? 1 : -1, first = sign > 0 ? [p.a_first, p.b_first] : [p.b_first, p.a_first];
  const range = p.stories ? [sign * p.lag_lower_s, sign * p.lag_upper_s].sort((x, y) => x - y) : null;
  const countries = (p.countries || []).filter((c) => c.shared > 0);
  return html`<div class="pair" id="pair"><p class="row"><b><${Text} v=${a} /> – <${Text} v=${b} /></b><button type="button" class="plain small end" onClick=${() => put({ pair: null })}>${t('close')}</button></p>
    <dl class="facts"><div><dt>${t('compare_lag')}</dt><dd>${p.stories ? html`${lag(sign * p.lag_median_s)} <small>${t('compare_half', { a: lag(range[0]), b: lag(range[1]) })}</small>` : '–'}</dd></div>
      <div><dt>${t('compare_first_here')}</dt><dd>${t('compare_first_pair', { a, n: number(first[0]), b, m: number(first[1]) })}</dd></div>
      <div><dt>${t('compare_overlap')}</dt><dd>${percent(p.jaccard)} <small>${t('compare_of_either', { n: number(p.shared), m: number(p.either) })}</small></dd></div></dl>
    ${countries.length > 0 && html`<h3>${t('compare_by_country')}</h3><${Bars} label=${t('compare_by_country')} max=${10} rows=${countries.map((c) => ({ key: c.country, label: html`<a class="quiet-link" href=${href('/flows', { country: c.country })}><${Place} code=${c.country} /></a>`, value: c.shared, note: percent(c.jaccard) }))} />`}</div>`;
}

export function Matrix({ v }) {
  const by = param('by') === 'overlap' ? 'overlap' : 'lag', names = v.sensors.map((s) => s.name), [pa, pb] = (param('pair') || '').split('~');
  const tools = html`<${Choice} name="compare-by" label=${t('compare_matrix')} value=${by} options=${[['lag', t('compare_lag')], ['overlap', t('compare_overlap')]]} onChange=${(x) => put({ by: x === 'lag' ? null : x })} />`;
  const head = (s) => html`<${Text} v=${s.name} /><small>${[s.country && country(s.country), s.home && t('compare_home')].filter(Boolean).join(' · ')}</small>`;
  return html`<${Panel} id="matrix" title=${t('compare_matrix')} note=${t(by === 'lag' ? 'compare_lag_note' : 'compare_overlap_note')} tools=${tools} className="wide-7">
    ${!v.pairs.length ? html`<${Empty} />` : html`<div class="scroll tall" tabindex="0" role="group" aria-label=${t('compare_matrix')}><table class="sensors-matrix"><thead><tr><td></td>${v.sensors.map((s) => html`<th scope="col" class=${s.home ? 'at-home' : ''}>${head(s)}</th>`)}</tr></thead>
      <tbody>${v.sensors.map((s) => html`<tr key=${s.name}><th scope="row" class=${s.home ? 'at-home' : ''}>${head(s)}</th>${names.map((b) => {
        const c = s.name === b ? null : cell(v, by, s.name, b);
        return s.name === b ? html`<td class="same"></td>` : !c ? html`<td>–</td>`
          : html`<td class=${look(c.step)}><a href=${here({ pair: `${s.name}~${b}` })} aria-current=${pa === s.name && pb === b ? 'true' : null}><b>${c.text}</b><small>${c.note}</small></a></td>`;
      })}</tr>`)}</tbody></table></div>
    <p class="fine scale-line">${by === 'lag' ? html`<span class="swatch-box plus-4" aria-hidden="true"></span>${t('compare_row_first')} <span class="swatch-box minus-4" aria-hidden="true"></span>${t('compare_row_later')}` : html`<span class="swatch-box plus-1" aria-hidden="true"></span>${t('compare_few')} <span class="swatch-box plus-5" aria-hidden="true"></span>${t('compare_many')}`}
      ${v.sampled > 1 && html` · ${t('compare_sampled', { n: number(v.sampled) })}`}</p>`}
    ${pb && html`<${Detail} v=${v} a=${pa} b=${pb} />`}<//>`;
}
