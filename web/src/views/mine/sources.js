/* What comes from the own part of the world: when, from which hosts, after which ports, seen where. */
import { useMemo, useState } from 'preact/hooks';
import { Choice, Panel, html } from '../../dom.js';
import { country, number, seconds, t } from '../../i18n.js';
import { ask, useAnswer } from '../../api.js';
import { Bars } from '../../bars.js';
import { Change } from '../../change.js';
import { Empty, Export, Flows, Host, Load, Network, Place, Port, Table } from '../../parts.js';
import { LINES, Plot, PlotTable } from '../../plot.js';
import { may } from '../../session.js';
import { eventTime, sensors } from '../../state.js';

const HOSTS = 50; /* of a part, the loudest */
/* What to ask for besides /mine itself, for one part of the world. */
const filterOf = (p) => (p.kind === 'country' ? { country: p.name } : p.kind === 'asn' ? { asn: p.name.slice(2) } : { src: p.name });
const wordsOf = (p) => Object.entries(filterOf(p)).map(([k, v]) => `${k}=${v}`).join(' ');

export const PartName = ({ p }) => (p.kind === 'country' ? html`<${Place} code=${p.name} />` : p.kind === 'asn' ? html`<${Network} asn=${p.name.slice(2)} />` : html`<span class="mono">${p.name}</span>`);
const plain = (p) => (p.kind === 'country' ? country(p.name) : p.name);

/* The time looked at, and as long before it: one picture says whether it rises. */
export function Hours({ v }) {
  const [table, setTable] = useState(false), [by, setBy] = useState('sources');
  const data = useMemo(() => {
    const to = seconds(v.to), from = 2 * seconds(v.from) - to, first = Math.floor(from / 3600) * 3600, end = Math.min(to, eventTime.peek() ?? to) /* what is yet to come is not none */, n = Math.max(1, Math.ceil((end - first) / 3600));
    const list = v.sources.slice(0, LINES).map((p) => {
      const values = Array(n).fill(0);
      for (const h of p.hours) { const i = Math.floor((seconds(h.at) - first) / 3600); if (i >= 0 && i < n) values[i] = h[by]; }
      return { name: plain(p), values };
    });
    return { step: 3600, times: Array.from({ length: n }, (_, i) => first + i * 3600), list };
  }, [v, by]);
  const tools = html`<${Choice} name="mine-by" label=${t('mine_hours')} value=${by} onChange=${setBy} options=${[['sources', t('sources')], ['packets', t('packets')]]} />
    <${Choice} name="mine-view" label=${t('show_table')} value=${table ? 'table' : 'chart'} onChange=${(x) => setTable(x === 'table')} options=${[['chart', t('chart')], ['table', t('table')]]} />`;
  const many = v.sources.length > 1;
  return html`<${Panel} id="hours" title=${t('mine_hours')} note=${t('mine_hours_note')} tools=${tools} className=${many ? 'wide-8' : 'wide-12'}>
    ${table ? html`<${PlotTable} data=${data} label=${t('mine_hours')} />` : html`<${Plot} data=${data} height=${210} steps=${!many} />`}
    ${many && !table && html`<ul class="legend">${data.list.map((s, i) => html`<li class="legend-name"><svg width="26" height="10" aria-hidden="true"><line x1="1" y1="5" x2="25" y2="5" class=${'stroke-' + (i + 1)} stroke-width="3" /></svg>${s.name}</li>`)}</ul>`}<//>`;
}

export function Parts({ v }) {
  if (v.sources.length < 2) return null;
  return html`<${Panel} id="parts" title=${t('mine_parts')} className="wide-4"><${Table} label=${t('mine_parts')} cards=${false} rows=${v.sources} by=${(p) => p.name} columns=${[
    { head: t('mine_part'), of: (p) => html`<${PartName} p=${p} />` },
    { head: t('sources'), num: true, of: (p) => html`<${Flows} q=${`${wordsOf(p)} from=${v.from} to=${v.to}`}>${number(p.now.sources)}<//>` },
    { head: t('change'), num: true, of: (p) => html`<${Change} now=${p.now.sources} before=${p.before.sources} />` }]} /><//>`;
}

/* One question for each part would be many: the parts are asked for one by one. */
function usePart(v, name) {
  const [at, setAt] = useState(0), p = v.sources[Math.min(at, v.sources.length - 1)];
  const tools = v.sources.length > 1 && html`<label class="field row">${t('mine_part')} <select value=${at} onChange=${(e) => setAt(+e.target.value)}>${v.sources.map((x, i) => html`<option value=${i}>${plain(x)}</option>`)}</select></label>`;
  return { p, tools, name };
}
const top = (v, p, by, limit) => p && ask('/top', { by, ...filterOf(p), from: v.from, to: v.to, limit });

/* Who sends to addresses that nobody uses is infected, or scans by will: either way its owner should know. */
export function Hosts({ v }) {
  const { p, tools } = usePart(v), path = may('analyst') ? top(v, p, 'src', HOSTS) : null, of = useAnswer(path, true), [all, setAll] = useState(false);
  return html`<${Panel} id="hosts" title=${t('mine_suspects')} note=${t('mine_suspects_note')} tools=${may('analyst') && html`${tools}<${Export} path=${path} />`} className="wide-6">
    ${!may('analyst') ? html`<${Empty} text=${t('mine_analysts')} />` : !p ? html`<${Empty} />` : html`<${Load} of=${of} empty=${html`<${Empty} text=${t('mine_no_hosts')} />`}>${(x) => html`
      <${Table} label=${t('mine_suspects')} cards=${false} rows=${all ? x.rows : x.rows.slice(0, 10)} by=${(r) => r.src} columns=${[
        { head: t('mine_host'), of: (r) => html`<${Host} ip=${r.src} />` },
        { head: t('mine_flows'), num: true, of: (r) => html`<${Flows} q=${`src=${r.src} from=${v.from} to=${v.to}`}>${number(r.flows)}<//>` },
        { head: t('packets'), num: true, of: (r) => number(r.packets) }]} />
      ${x.rows.length > 10 && html`<p class="more"><button type="button" class="plain" onClick=${() => setAll(!all)}>${all ? t('mine_fewer') : t(x.rows.length < HOSTS ? 'mine_all' : 'mine_first', { n: number(x.rows.length) })}</button></p>`}`}<//>`}<//>`;
}

/* What own hosts are after: the port often names the worm. */
export function Aims({ v }) {
  const { p, tools } = usePart(v), of = useAnswer(top(v, p, 'port', 50), true);
  return html`<${Panel} id="aims" title=${t('mine_aims')} note=${t('mine_aims_note')} tools=${tools} className="wide-6">${!p ? html`<${Empty} />` : html`<${Load} of=${of}>${(x) => html`<${Bars} label=${t('mine_aims')} max=${10} rows=${x.rows.map((r) => ({ key: r.port, label: html`<${Port} port=${r.port} />`, value: r.sources, q: `port=${r.port} ${wordsOf(p)} from=${v.from} to=${v.to}` }))} />`}<//>`}<//>`;
}

/* What other countries see of us: sensor by sensor, with where it stands. */
export function Seen({ v }) {
  const { p, tools } = usePart(v), of = useAnswer(top(v, p, 'sensor', 50), true);
  const stands = (name) => sensors.value.find((s) => s.name === name)?.country;
  return html`<${Panel} id="seen" title=${t('mine_seen')} note=${t('mine_seen_note')} tools=${tools} className="wide-6">${!p ? html`<${Empty} />` : html`<${Load} of=${of}>${(x) => html`<${Bars} label=${t('mine_seen')} max=${12} rows=${x.rows.map((r) => ({ key: r.sensor, value: r.sources,
    label: html`<${Flows} q=${`sensor=${r.sensor} ${wordsOf(p)} from=${v.from} to=${v.to}`}>${r.sensor}<//> <small>${stands(r.sensor) ? country(stands(r.sensor)) : ''}</small>` }))} />`}<//>`}<//>`;
}
