/* Sensors against each other: who sees what first, what they have in common, what is seen abroad only. */
import { useState } from 'preact/hooks';
import { Choice, Panel, html } from '../../dom.js';
import { addTexts, country, dayTime, duration, number, seconds, t } from '../../i18n.js';
import { ask, useAnswer } from '../../api.js';
import { Empty, Load, Place, Port, Table, Text } from '../../parts.js';
import { about, param, put } from '../../router.js';
import { sensors } from '../../state.js';
import { span } from '../../time.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

const percent = (v) => `${number(Math.round(1000 * v) / 10)} %`;
const lag = (s) => (s == null ? '–' : s === 0 ? '0' : `${s > 0 ? '+' : '−'}${duration(Math.abs(s))}`);

/* One cell of the matrix: what the row's sensor is to the column's. */
function cell(v, by, a, b) {
  const p = v.pairs.find((x) => (x.a === a && x.b === b) || (x.a === b && x.b === a));
  if (!p) return { text: '–', step: 0 };
  if (by === 'overlap') return { text: percent(p.jaccard), note: t('compare_shared', { n: number(p.shared) }), step: p.jaccard > 0 ? Math.max(1, Math.min(6, Math.ceil(p.jaccard * 12))) : 0 };
  if (!p.stories) return { text: '–', step: 0 };
  const s = p.a === a ? p.lag_median_s : -p.lag_median_s, first = p.a === a ? p.a_first : p.b_first;
  return { text: lag(s), note: t('compare_first_of', { n: number(first), m: number(p.stories) }), step: Math.max(0, Math.min(6, Math.ceil((6 * first) / p.stories))) };
}

function Matrix({ v }) {
  const [by, setBy] = useState('lag'), names = v.sensors.map((s) => s.name);
  const tools = html`<${Choice} name="compare-by" label=${t('compare_matrix')} value=${by} options=${[['lag', t('compare_lag')], ['overlap', t('compare_overlap')]]} onChange=${setBy} />`;
  return html`<${Panel} id="matrix" title=${t('compare_matrix')} note=${t(by === 'lag' ? 'compare_lag_note' : 'compare_overlap_note')} tools=${tools} className="wide-12">
    <div class="scroll" tabindex="0" role="region" aria-label=${t('compare_matrix')}><table class="matrix"><thead><tr><td></td>${names.map((n) => html`<th scope="col"><${Text} v=${n} /></th>`)}</tr></thead>
      <tbody>${names.map((a) => html`<tr key=${a}><th scope="row"><${Text} v=${a} /></th>${names.map((b) => {
        if (a === b) return html`<td class="same" aria-label=${t('compare_same')}></td>`;
        const c = cell(v, by, a, b);
        return html`<td class=${'m' + c.step}>${c.text}${c.note && html`<small>${c.note}</small>`}</td>`;
      })}</tr>`)}</tbody></table></div>
    ${v.sampled > 1 && html`<p class="note">${t('compare_sampled', { n: number(v.sampled) })}</p>`}<//>`;
}

function First({ v }) {
  return html`<${Panel} id="first" title=${t('compare_first')} note=${t('compare_first_note')} className="wide-12"><${Load} of=${{ value: { rows: v.stories } }}>${() => html`<${Table} label=${t('compare_first')} rows=${v.stories.slice(0, 100)} by=${(s) => s.id} columns=${[
    { head: t('compare_story'), of: (s) => html`<a href=${about(s.id)}><${Text} v=${s.key} /></a>` },
    { head: t('compare_first_at'), of: (s) => (s.first ? html`<b><${Text} v=${s.first} /></b>` : t('compare_nowhere')) },
    { head: t('began'), of: (s) => dayTime(seconds(s.from)) },
    ...v.sensors.map((x) => ({ head: x.name, num: true, of: (s) => (s.onset[x.name] ? (s.onset[x.name] === s.onset[s.first] ? dayTime(seconds(s.onset[x.name])) : lag(seconds(s.onset[x.name]) - seconds(s.onset[s.first]))) : '–') })),
    { head: t('hosts'), num: true, of: (s) => number(s.host_count) },
  ]} />`}<//>${v.stories_cut && html`<p class="note">${t('truncated')}</p>`}<//>`;
}

function Abroad({ v }) {
  if (!v.abroad_ports?.length) return html`<${Panel} id="abroad" title=${t('compare_abroad')} className="wide-6"><${Empty} text=${t('compare_abroad_none')} /><//>`;
  return html`<${Panel} id="abroad" title=${t('compare_abroad')} note=${t('compare_abroad_note')} className="wide-6"><${Table} label=${t('compare_abroad')} rows=${v.abroad_ports} by=${(p) => p.port} columns=${[
    { head: t('port'), of: (p) => html`<${Port} port=${p.port} />` }, { head: t('compare_most'), of: (p) => html`<${Text} v=${p.sensor} />` },
    { head: t('compare_senders'), num: true, of: (p) => html`${number(p.senders)} <small>(${number(p.before)})</small>` },
    { head: t('compare_home'), num: true, of: (p) => html`${number(p.home_senders)} <small>(${number(p.home_before)})</small>` }]} /><//>`;
}

export default function Compare() {
  const when = span({ usual: '24h' }), places = [...new Set(sensors.value.map((s) => s.country).filter(Boolean))].sort();
  const home = param('home') || '';
  const of = useAnswer(when && ask('/compare', { from: when.from, to: when.to, home }));
  return html`<div class="controls"><label class="field row">${t('compare_home_is')} <select value=${home} onChange=${(e) => put({ home: e.target.value || null }, true)}>
      <option value="">${t('compare_nobody')}</option>${places.map((c) => html`<option value=${c}>${country(c)}</option>`)}</select></label></div>
    <${Load} of=${of}>${(v) => html`<div class="grid"><${Matrix} v=${v} /><${First} v=${v} />
      <${Panel} id="each" title=${t('sensors')} className=${home ? 'wide-6' : 'wide-12'}><${Table} label=${t('sensors')} rows=${v.sensors} by=${(s) => s.name} columns=${[
        { head: t('compare_sensor'), of: (s) => html`<${Text} v=${s.name} />` }, { head: t('country'), of: (s) => html`<${Place} code=${s.country} />` },
        { head: t('packets'), num: true, of: (s) => number(s.packets) }, { head: t('compare_senders'), num: true, of: (s) => number(s.senders) },
        { head: t('compare_stories'), num: true, of: (s) => number(s.stories) }, { head: t('compare_first'), num: true, of: (s) => number(s.first) }]} /><//>
      ${home && html`<${Abroad} v=${v} />`}</div>`}<//>`;
}
