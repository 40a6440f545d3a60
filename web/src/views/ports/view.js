/* Ports: which are asked for, which rise, when, and how risky that is. */
import { useMemo, useState } from 'preact/hooks';
import { Choice, Panel, html } from '../../dom.js';
import { addTexts, number, seconds, t } from '../../i18n.js';
import { ask, useAnswer } from '../../api.js';
import { Heat, HeatTable } from '../../heat.js';
import { Change } from '../../change.js';
import { Empty, Export, Flows, Level, Load, Port, Table } from '../../parts.js';
import { about, href, param } from '../../router.js';
import { may } from '../../session.js';
import { iso, span } from '../../time.js';
import { Sentence } from '../../said.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

const LEVELS = ['', 'notice', 'low', 'medium', 'high', 'critical'];
const filters = () => ({ country: param('country'), asn: param('asn'), sensor: param('sensor') });

const bySources = (rows) => [...rows].sort((a, b) => b.sources - a.sources || b.packets - a.packets);

/* The range, and the same length before it. The portal answers by packets: of those with the most, by senders. */
function useRanking() {
  const when = span(), from = when && seconds(when.from);
  const path = when && ask('/top', { by: 'port', from: when.from, to: when.to, ...filters(), limit: 1000 });
  const now = useAnswer(path, true);
  const before = useAnswer(when?.length ? ask('/top', { by: 'port', from: iso(from - when.length), to: when.from, ...filters(), limit: 1000 }) : null);
  return { now: { ...now, value: now.value && { ...now.value, rows: bySources(now.value.rows).slice(0, 100) } }, path, when, before: before.value && new Map(bySources(before.value.rows).map((r, i) => [r.port, { ...r, rank: i + 1 }])) };
}

function Ranking() {
  const { now, path, when, before } = useRanking(), [all, setAll] = useState(false);
  const words = Object.entries(filters()).filter(([, v]) => v).map(([k, v]) => ` ${k}=${v}`).join('');
  const q = (port) => `port=${port}${words} from=${when.from}${when.to ? ' to=' + when.to : ''}`;
  const rank = (port, i) => { const b = before?.get(port)?.rank; return !b ? '' : b === i + 1 ? '=' : b > i + 1 ? `↑${b - i - 1}` : `↓${i + 1 - b}`; };
  return html`<${Panel} id="ranking" title=${t('ports_ranking')} note=${t('ports_ranking_note')} tools=${html`<${Export} path=${path} />`} className="wide-7"><${Load} of=${now}>${(v) => html`
    <${Table} label=${t('ports_ranking')} rows=${all ? v.rows : v.rows.slice(0, 20)} cards=${false} by=${(r) => r.port} columns=${[
      { head: t('port'), of: (r, i) => html`<span class="rank">${i + 1}</span> <${Port} port=${r.port} />` },
      before?.size > 0 && { head: t('ports_moved'), of: (r, i) => html`<span class="nowrap">${rank(r.port, i)}</span>` },
      { head: t('sources'), num: true, of: (r) => number(r.sources) },
      { head: t('packets'), num: true, of: (r) => html`<${Flows} q=${q(r.port)}>${number(r.packets)}<//>` },
      before?.size > 0 && { head: t('change'), num: true, of: (r) => html`<${Change} now=${r.sources} before=${before.get(r.port)?.sources} />` }]} />
    ${v.rows.length > 20 && html`<p class="more"><button type="button" class="plain" onClick=${() => setAll(!all)}>${t(all ? 'ports_fewer' : 'more')}</button></p>`}`}<//><//>`;
}

function Risk() {
  const of = useAnswer('/ports/risk', true);
  return html`<${Panel} id="risk" title=${t('ports_risk')} note=${t('ports_risk_note')} className="wide-5"><${Load} of=${of} empty=${html`<${Empty} text=${t('ports_risk_none')} />`}>${(v) => html`<ul class="risk-list">${v.rows.map((r) => html`<li key=${r.port}>
    <p><${Port} port=${r.port} /> <span class="end"><${Level} level=${LEVELS[r.level] || 'notice'} /></span></p>
    <p class="reasons"><${Sentence} of=${{ ...r, kind: 'risk-port', value: r.sources, baseline: r.usual }} /></p>
    <p class="row"><small>${t('ports_score', { n: number(r.score) })}</small> <a href=${about(r.id)}>${t('ports_why')}</a></p></li>`)}</ul>`}<//><//>`;
}

function Hours() {
  const [table, setTable] = useState(false), [by, setBy] = useState('sources');
  const when = span();
  const of = useAnswer(when && ask('/ports/heat', { from: when.from, to: when.to, sensor: param('sensor'), limit: 24 }));
  const tools = html`<${Choice} name="heat-by" label=${t('ports_heat')} value=${by} options=${[['sources', t('sources')], ['packets', t('packets')]]} onChange=${setBy} />
    <${Choice} name="heat-view" label=${t('show_table')} value=${table ? 'table' : 'chart'} options=${[['chart', t('chart')], ['table', t('table')]]} onChange=${(x) => setTable(x === 'table')} />`;
  return html`<${Panel} id="heat" title=${t('ports_heat')} note=${t('ports_heat_note')} tools=${tools} className="wide-12"><${Load} of=${{ ...of, value: of.value && { ...of.value, rows: of.value.ports } }}>${(v) => html`<${HourGrid} v=${v} by=${by} table=${table} />`}<//><//>`;
}
function HourGrid({ v, by, table }) {
  const data = useMemo(() => ({ times: v.hours.map(seconds), rows: v.ports.map((p, i) => ({ key: p, name: p, values: v.hours.map((_, k) => v[by][k]?.[i] ?? 0) })) }), [v, by]);
  const words = param('sensor') ? ` sensor=${param('sensor')}` : '';
  const to = may('analyst') ? (r, i) => href('/flows', { q: `port=${r.key}${words} from=${iso(data.times[i])} to=${iso(data.times[i] + 3600)}` }) : null;
  return table ? html`<${HeatTable} data=${data} label=${t('ports_heat')} corner=${t('port')} to=${to} />`
    : html`<${Heat} data=${data} label=${t('ports_heat')} head=${(r) => html`<${Port} port=${r.name} />`} legend=${t(by)} to=${to} />`;
}

export default function PortsView() {
  return html`<div class="grid"><${Ranking} /><${Risk} /><${Hours} /></div>`;
}
