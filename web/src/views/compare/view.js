/* Sensors against each other: home against overseas, who sees what first, what they have in common, and
 * what rises abroad and is not at home yet. */
import { Choice, html } from '../../dom.js';
import { addTexts, country, duration, number, t } from '../../i18n.js';
import { ask, useAnswer } from '../../api.js';
import { Empty, Load } from '../../parts.js';
import { param, put } from '../../router.js';
import { sensors } from '../../state.js';
import { span } from '../../time.js';
import { Abroad } from './abroad.js';
import { Matrix } from './matrix.js';
import { Onsets } from './onsets.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

/* Every pair of a sensor at home and one abroad: who was first, and by how much (weighed by stories). */
export function lead(v) {
  const home = new Set(v.sensors.filter((s) => s.home).map((s) => s.name)), lags = [];
  let abroad = 0, all = 0;
  for (const p of v.pairs) {
    if (home.has(p.a) === home.has(p.b) || !p.stories) continue;
    all += p.stories;
    abroad += home.has(p.a) ? p.b_first : p.a_first;
    lags.push([home.has(p.a) ? -p.lag_median_s : p.lag_median_s, p.stories]);
  }
  lags.sort((a, b) => a[0] - b[0]);
  let at = 0, i = 0;
  while (i < lags.length - 1 && at + lags[i][1] < all / 2) at += lags[i++][1];
  return { all, abroad, lag: lags[i]?.[0] };
}

const fact = (name, v, note) => html`<div class="stat"><dt>${name}</dt><dd><b>${v}</b>${note && html`<small>${note}</small>`}</dd></div>`;
function Sums({ v }) {
  const split = v.sensors.some((s) => s.home) && v.sensors.some((s) => s.home === false), l = split && lead(v);
  const only = v.stories.filter((s) => s.abroad_only).length + (v.abroad_ports?.length || 0);
  const best = [...v.sensors].filter((s) => s.first > 0).sort((a, b) => b.first - a.first)[0];
  return html`<dl class="stats">
    ${split ? fact(t('compare_lead'), l.all ? duration(Math.abs(l.lag)) : '–', l.all > 0 && t(l.lag > 0 ? 'compare_lead_abroad' : l.lag < 0 ? 'compare_lead_home' : 'compare_lead_none'))
      : fact(t('compare_stories'), html`<a href="#onsets">${number(v.stories.length)}</a>`, t('compare_stories_note'))}
    ${split ? fact(t('compare_abroad_first'), l.all ? `${Math.round((100 * l.abroad) / l.all)} %` : '–', t('compare_abroad_first_note', { n: number(l.abroad), m: number(l.all) }))
      : fact(t('compare_sensors'), html`<a href="#matrix">${number(v.sensors.length)}</a>`, t('compare_no_home'))}
    ${fact(t('compare_only'), split ? html`<a href="#abroad">${number(only)}</a>` : '–', split ? t('compare_only_note') : t('compare_no_home'))}
    ${fact(t('compare_best'), best ? html`<a href="#matrix">${best.name}</a>` : '–', best && t('compare_best_note', { n: number(best.first), m: number(best.stories) }))}</dl>`;
}

const RECENT = ['1h', '6h', '24h']; /* in which a rise abroad is looked for, against all before */
/* Who is at home: a country or one sensor; empty: as the settings say. */
function Home() {
  const list = sensors.value, places = [...new Set(list.map((s) => s.country).filter(Boolean))].sort(), home = param('home') || '';
  return html`<label class="field row">${t('compare_home_is')} <select value=${home} onChange=${(e) => put({ home: e.target.value || null, pair: null }, true)}>
    <option value="">${t('compare_by_settings')}</option>
    <optgroup label=${t('country')}>${places.map((c) => html`<option value=${c}>${country(c)}</option>`)}</optgroup>
    <optgroup label=${t('compare_sensor')}>${list.map((s) => html`<option value=${s.name}>${s.name}</option>`)}</optgroup></select></label>`;
}

export default function Compare() {
  const when = span({ usual: '24h' });
  const recent = RECENT.includes(param('recent')) ? param('recent') : '6h';
  const of = useAnswer(when && ask('/compare', { from: when.from, to: when.to, home: param('home'), recent }));
  return html`<div class="controls"><${Home} /><span class="field row">${t('compare_recent')} <${Choice} name="recent" label=${t('compare_recent')} value=${recent} options=${RECENT.map((r) => [r, duration(parseInt(r, 10) * 3600)])} onChange=${(r) => put({ recent: r === '6h' ? null : r }, true)} /></span></div>
    <${Load} of=${of} rows=${10}>${(v) => (v.sensors.length < 2 ? html`<section class="panel"><${Empty} text=${t('compare_one')} hint=${t('compare_one_text')} /></section>`
      : html`<${Sums} v=${v} /><div class="grid"><${Abroad} v=${v} /><${Matrix} v=${v} /><${Onsets} v=${v} /></div>`)}<//>`;
}
