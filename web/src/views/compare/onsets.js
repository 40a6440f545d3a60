/* Story by story: where it began, and how much later it was elsewhere. */
import { useState } from 'preact/hooks';
import { Choice, Panel, html } from '../../dom.js';
import { dayTime, number, seconds, t } from '../../i18n.js';
import { Empty, Table, Text } from '../../parts.js';
import { about, param, put } from '../../router.js';
import { lag } from './matrix.js';

const W = 560, H = 26, EDGE = 12, MARKS = [0, 60, 600, 3600, 21600, 86400], FEW = 25;
/* Minutes and hours on one line: the logarithm of the lag. */
const along = (s, most) => EDGE + ((W - 2 * EDGE) * Math.log1p(Math.max(0, s) / 30)) / Math.log1p(most / 30);

/* At home a disc, abroad a diamond, where nobody knows a ring: told apart without colour. */
function Dot({ x, s, first }) {
  const r = first ? 8 : 6;
  return s.home === false ? html`<path class="dot-abroad" d=${`M${x} ${H / 2 - r - 1}l${r + 1} ${r + 1}l${-r - 1} ${r + 1}l${-r - 1} ${-r - 1}Z`} />` : html`<circle class=${s.home ? 'dot-home' : 'dot-any'} cx=${x} cy=${H / 2} r=${r} />`;
}
const after = (story, s, d) => `${s.name} ${s.name === story.first ? t('compare_first_at') : lag(d)}`;
function Line({ story, sensors, most }) {
  const at0 = seconds(story.onset[story.first]);
  const seen = sensors.filter((s) => story.onset[s.name]).map((s) => ({ s, d: seconds(story.onset[s.name]) - at0 })).sort((a, b) => b.d - a.d || (a.s.name === story.first) - (b.s.name === story.first)); /* the first is drawn last, on top */
  return html`<svg class="onset" viewBox=${`0 0 ${W} ${H}`} role="img" aria-label=${[...seen].reverse().map(({ s, d }) => after(story, s, d)).join(', ')}>
    ${MARKS.filter((m) => m <= most).map((m) => html`<line class="grid-line" x1=${along(m, most)} x2=${along(m, most)} y1="0" y2=${H} />`)}
    <line class="onset-line" x1=${along(0, most)} x2=${along(seen[0]?.d ?? 0, most)} y1=${H / 2} y2=${H / 2} />
    ${seen.map(({ s, d }) => html`<g key=${s.name}><title>${after(story, s, d)}</title><${Dot} x=${along(d, most)} s=${s} first=${s.name === story.first} /></g>`)}</svg>`;
}

const Axis = ({ most }) => html`<svg class="onset" viewBox=${`0 0 ${W} 16`} aria-hidden="true">${MARKS.filter((m) => m <= most).map((m, i) => html`<text class="axis-text" x=${along(m, most)} y="12" text-anchor=${i === 0 ? 'start' : 'middle'}>${m === 0 ? t('compare_first_at') : lag(m)}</text>`)}</svg>`;

/* At the same minute: nobody is first alone. */
const together = (s) => Object.values(s.onset).filter((x) => x === s.onset[s.first]).length;

export function Onsets({ v }) {
  const [all, setAll] = useState(false), table = param('as') === 'table';
  const seen = v.stories.filter((s) => s.first), list = all ? seen : seen.slice(0, FEW);
  const most = Math.max(3600, ...seen.flatMap((s) => Object.values(s.onset).map((x) => seconds(x) - seconds(s.onset[s.first]))));
  const tools = seen.length > 0 && html`<${Choice} name="onsets-view" label=${t('show_table')} value=${table ? 'table' : 'chart'} options=${[['chart', t('chart')], ['table', t('table')]]} onChange=${(x) => put({ as: x === 'table' ? x : null })} />`;
  const split = v.sensors.some((s) => s.home) && v.sensors.some((s) => s.home === false);
  const story = { head: t('compare_story'), of: (s) => html`<a href=${about(s.id)}><${Text} v=${s.key} /></a>` }, first = { head: t('compare_first_at'), of: (s) => html`<b><${Text} v=${s.first} /></b>${together(s) > 1 ? html` <small>+${together(s) - 1}</small>` : null} <small class="nowrap">${dayTime(seconds(s.onset[s.first]))}</small>` };
  return html`<${Panel} id="onsets" title=${t('compare_first')} note=${t('compare_first_note')} tools=${tools} className="wide-12">
    ${!seen.length ? html`<${Empty} text=${t('compare_first_none')} />` : table
      ? html`<${Table} label=${t('compare_first')} rows=${list} by=${(s) => s.id} columns=${[story, first, ...v.sensors.map((x) => ({ head: x.name, num: true, of: (s) => (x.name === s.first ? t('compare_first_at') : s.onset[x.name] ? lag(seconds(s.onset[x.name]) - seconds(s.onset[s.first])) : '–') })), { head: t('hosts'), num: true, of: (s) => number(s.host_count) }]} />`
      : html`<p class="fine scale-line">${split ? html`<svg width="16" height="16" aria-hidden="true"><circle class="dot-home" cx="8" cy="8" r="6" /></svg>${t('compare_home')} <svg width="16" height="16" aria-hidden="true"><path class="dot-abroad" d="M8 1l7 7l-7 7l-7 -7Z" /></svg>${t('compare_elsewhere')}` : t('compare_no_home')}</p>
        <div class="onset-head" aria-hidden="true"><span>${t('compare_story')}</span><span>${t('compare_first_at')}</span><${Axis} most=${most} /><span class="num">${t('hosts')}</span></div>
        <ol class="onsets">${list.map((s) => html`<li key=${s.id}><span>${story.of(s)}</span><span>${first.of(s)}</span><${Line} story=${s} sensors=${v.sensors} most=${most} /><span class="num">${number(s.host_count)}<span class="sr"> ${t('hosts')}</span></span></li>`)}</ol>`}
    ${seen.length > FEW && html`<p class="more"><button type="button" class="plain" onClick=${() => setAll(!all)}>${all ? t('compare_fewer') : t('compare_all', { n: number(seen.length) })}</button></p>`}
    ${v.stories_cut && html`<p class="note">${t('truncated')}</p>`}<//>`;
}
