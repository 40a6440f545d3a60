/* Hosts that move as one: suspected botnets, as the engines that look for synchrony found them. */
import { html } from '../../dom.js';
import { addTexts, dayTime, duration, number, seconds, t } from '../../i18n.js';
import { ask, useList } from '../../api.js';
import { Chips, Empty, Export, Level, Load, Table, Text } from '../../parts.js';
import { ended, groupPage, portOf, spells, stories } from '../../groups.js';
import { service } from '../../ports.js';
import { param } from '../../router.js';
import { eventTime } from '../../state.js';
import { span } from '../../time.js';
import { Sentence } from '../../said.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

const W = 400;
/* When the group was seen, within the time that is looked at. */
function Lane({ g, from, to }) {
  const x = (s) => Math.max(0, Math.min(W, (W * (s - from)) / (to - from)));
  const list = spells(g.rows).filter(([a, b]) => b >= from && a <= to);
  return html`<span class="lane"><svg viewBox=${`0 0 ${W} 12`} preserveAspectRatio="none" aria-hidden="true"><rect class="lane-back" width=${W} height="12" />
    ${list.map(([a, b]) => html`<rect class=${'lane-' + g.level} x=${x(a)} width=${Math.max(3, x(b) - x(a))} height="12" />`)}</svg>
    <small>${dayTime(seconds(g.from))} – ${dayTime(seconds(g.to))}, ${duration(seconds(g.to) - seconds(g.from))}</small></span>`;
}

function Sums({ list }) {
  const open = list.filter((g) => !ended(g)), most = Math.max(0, ...list.map((g) => g.host_count));
  const big = list.find((g) => g.host_count === most), agree = list.filter((g) => g.engineSet.size > 1);
  const fact = (name, v, note) => html`<div class="stat"><dt>${name}</dt><dd><b>${v}</b>${note && html`<small>${note}</small>`}</dd></div>`;
  return html`<dl class="stats">${fact(t('groups_open'), number(open.length), t('groups_of', { n: number(list.length) }))}
    ${fact(t('groups_biggest'), number(most), big && html`<a href=${groupPage(big.key)}><${Text} v=${portOf(big.key) || big.key} /></a>`)}
    ${fact(t('groups_agreed'), number(agree.length), t('groups_agreed_note'))}</dl>`;
}

export default function Groups() {
  const when = span();
  const path = when && ask('/groups', { from: when.from, to: when.to, country: param('country'), port: param('port'), sensor: param('sensor'), limit: 200 });
  const of = useList(path, true);
  const from = when && seconds(when.from), to = when && (seconds(when.to) || eventTime.value || from + when.length);
  return html`<p class="fine row">${t('groups_note')} <span class="end"><${Export} path=${path} /></span></p>
    <${Load} of=${of} empty=${html`<section class="panel"><${Empty} text=${t('groups_none')} hint=${t('groups_none_text')} /></section>`}>${(v, rows) => {
      const list = stories(rows);
      return html`<${Sums} list=${list} /><section class="panel" aria-label=${t('groups_list')}><${Table} long label=${t('groups_list')} rows=${list} by=${(g) => g.key} columns=${[
        { head: t('groups_what'), of: (g) => html`<a class="big-link" href=${groupPage(g.key)}><${Text} v=${g.key.replace(/^group:/, '')} /></a>${portOf(g.key) && html` <small>${service(portOf(g.key))}</small>`}<br /><small><${Sentence} of=${g.says} /></small>` },
        { head: t('groups_level'), of: (g) => html`<${Level} level=${g.level} /><br /><small>${t(ended(g) ? 'state_close' : 'state_open')}</small>` },
        { head: t('groups_when'), of: (g) => html`<${Lane} g=${g} from=${from} to=${to} />` },
        { head: t('groups_hosts'), num: true, of: (g) => html`<a href=${groupPage(g.key)}>${number(g.host_count)}</a>` },
        { head: t('sensors'), of: (g) => html`<${Chips} list=${[...g.sensorSet]} max=${3} />` },
        { head: t('engines'), of: (g) => html`<${Chips} list=${[...g.engineSet]} />` },
      ]} /></section>`;
    }}<//>`;
}
