/* Rankings with how they move: the last quarter of an hour against the hour before it. */
import { signal } from '@preact/signals';
import { Choice, Panel, html } from '../../dom.js';
import { country, short, t } from '../../i18n.js';
import { Change } from '../../change.js';
import { Network, Port } from '../../parts.js';
import { about } from '../../router.js';
import { tops } from '../../state.js';

const which = signal('country');

function Ranking({ rows, head, name }) {
  const max = Math.max(1, ...rows.map((r) => r[2]));
  if (!rows.length) return html`<p class="empty">${t('no_data')}</p>`;
  return html`<table class="ranking">
    <thead><tr><th scope="col" class="num"><span class="sr">${t('rank')}</span></th><th scope="col">${head}</th>
      <th scope="col" class="num">${t('sources_min')}</th><th scope="col" class="num wide">${t('packets_min')}</th><th scope="col" class="num">${t('change')}</th></tr></thead>
    <tbody>${rows.slice(0, 10).map((r, i) => html`<tr key=${r[0]}>
      <td class="num rank">${i + 1}</td>
      <th scope="row"><span class="label">${name(r[0])}</span>
        <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="4" class="bar-back" /><rect width=${(100 * r[2]) / max} height="4" /></svg></th>
      <td class="num">${short(r[2])}</td><td class="num wide">${short(r[1])}</td>
      <td class="num"><${Change} now=${r[2]} before=${r[4]} /></td></tr>`)}</tbody>
  </table>`;
}

export function Ports() {
  return html`<${Panel} id="ports" title=${t('ports')} note=${t('by_sources')} className="ports">
    <${Ranking} rows=${tops.value.port} head=${t('port')} name=${(p) => html`<b><${Port} port=${p} /></b>`} />
  <//>`;
}

export function Places() {
  const asn = which.value === 'asn';
  const tools = html`<${Choice} name="places" label=${t('countries')} value=${which.value} onChange=${(v) => { which.value = v; }}
    options=${[['country', t('country')], ['asn', t('network')]]} />`;
  return html`<${Panel} id="places" title=${asn ? t('networks') : t('countries')} note=${t('by_sources')} tools=${tools} className="places">
    <${Ranking} rows=${asn ? tops.value.asn : tops.value.country} head=${asn ? t('network') : t('country')}
      name=${asn ? (n) => html`<b><${Network} asn=${n} /></b>` : (c) => html`<a class="quiet-link" href=${about(c)}>${country(c)}</a> <small>${c}</small>`} />
  <//>`;
}
