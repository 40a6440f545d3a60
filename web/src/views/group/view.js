/* One group of hosts: who they are, how they move together, what they are after, who says so. */
import { useState } from 'preact/hooks';
import { Panel, html } from '../../dom.js';
import { addTexts, dayTime, duration, number, seconds, t } from '../../i18n.js';
import { ask, useAnswer } from '../../api.js';
import { Bars } from '../../bars.js';
import { Decisions } from '../../decisions.js';
import { Chips, Empty, Flows, Host, Land, Level, Load, Network, Port, Table, Text, visible } from '../../parts.js';
import { ended, groupPage, levelOf, stories } from '../../groups.js';
import { about, param } from '../../router.js';
import { may } from '../../session.js';
import { RANGES, fixed, span } from '../../time.js';
import { Sentence } from '../../said.js';
import { Synchrony } from './sync.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

export const title = (key) => t('group_title', { what: visible(key.replace(/^group:/, '')) });

const fact = (name, v, note, className) => html`<div class=${'stat ' + (className || '')}><dt>${name}</dt><dd><b>${v}</b>${note && html`<small>${note}</small>`}</dd></div>`;
const middle = (list) => { const s = [...list].sort((a, b) => a - b); return s.length ? s[Math.floor(s.length / 2)] : null; };

/* What stands: how bad, how many, how much in step, seen by whom. */
function Head({ g, v }) {
  const sync = middle(v.lines.map((l) => l.synchrony ?? 0));
  return html`<dl class="stats">
    ${fact(t('group_hosts'), html`<a href="#members">${number(g?.host_count ?? v.hosts)}</a>`, g && t(ended(g) ? 'group_ended' : 'group_active'), g && 'edge-' + g.level)}
    ${fact(t('group_sync'), sync == null ? '–' : `${Math.round(100 * sync)} %`, t('group_sync_note'))}
    ${fact(t('group_seen'), g ? duration(seconds(g.to) - seconds(g.from)) : '–', g && `${dayTime(seconds(g.from))} – ${dayTime(seconds(g.to))}`)}
    ${fact(t('packets'), html`<${Flows} q=${g?.flows || ''}>${number(v.packets)}<//>`, `${dayTime(seconds(v.span.from))} – ${dayTime(seconds(v.span.to))}`)}</dl>`;
}

const FEW = 10; /* members shown at first */
const LABEL = { sensors: (n) => html`<${Text} v=${n} />`, ports: (n) => html`<${Port} port=${n} />`, countries: (n) => html`<${Land} code=${n} />`, asns: (n) => html`<${Network} asn=${n.replace(/^AS/, '')} />` };
function Share({ v, dim, className }) {
  if (!v[dim]?.length) return null;
  return html`<${Panel} id=${'dim-' + dim} title=${t('group_' + dim)} className=${className}>
    <${Bars} label=${t('group_' + dim)} max=${8} rows=${v[dim].map((x) => ({ key: x.name, label: LABEL[dim](x.name), value: x.hosts }))} /><//>`;
}

const ORDERS = { sync: (a, b) => (b.synchrony ?? 0) - (a.synchrony ?? 0), first: (a, b) => (a.first < b.first ? -1 : 1), country: (a, b) => (a.country || '~').localeCompare(b.country || '~') || a.asn - b.asn, packets: (a, b) => b.packets - a.packets };
function Members({ v, by }) {
  const [all, setAll] = useState(false), lines = [...v.lines].sort(ORDERS[by]);
  return html`<${Panel} id="members" title=${t('group_members')} note=${may('analyst') ? null : t('group_members_scope')} className="wide-12">
    ${!lines.length ? html`<${Empty} text=${t('group_members_none')} />` : html`<${Table} label=${t('group_members')} rows=${all ? lines : lines.slice(0, FEW)} by=${(l) => l.host} columns=${[
      { head: t('group_host'), of: (l) => html`<${Host} ip=${l.host} />` },
      { head: t('country'), of: (l) => html`<${Land} code=${l.country} />` },
      { head: t('network'), of: (l) => html`<${Network} asn=${l.asn} />` },
      { head: t('group_sync'), num: true, of: (l) => `${Math.round(100 * (l.synchrony ?? 0))} %` },
      { head: t('group_steps'), num: true, of: (l) => number(l.steps.length) },
      { head: t('packets'), num: true, of: (l) => html`<${Flows} q=${`src=${l.host} from=${v.span.from} to=${v.span.to}`}>${number(l.packets)}<//>` },
      { head: t('group_first'), of: (l) => html`<span class="nowrap">${dayTime(seconds(l.first))}</span>` },
      { head: t('group_last'), of: (l) => html`<span class="nowrap">${dayTime(seconds(l.last))}</span>` }]} />`}
    ${lines.length > FEW && html`<p class="more"><button type="button" class="plain" onClick=${() => setAll(!all)}>${all ? t('group_fewer') : t('group_all', { n: number(lines.length) })}</button></p>`}
    ${v.more_lines > 0 && html`<p class="note">${t('group_more', { n: number(v.more_lines) })}</p>`}<//>`;
}

/* Who says so: the claims of the engines, the newest first. */
function Claims({ g }) {
  return html`<${Panel} id="claims" title=${t('group_claims')} note=${t('group_claims_note')} className="wide-6"><ul class="claims">${g.rows.filter((r) => r.engine).slice(0, 8).map((r) => html`<li key=${r.id}>
    <p class="row"><b>${r.engine}</b> <${Level} level=${levelOf(r)} /> <small class="end nowrap">${dayTime(seconds(r.from))} – ${dayTime(seconds(r.to))}</small></p>
    <p><a class="plain-link" href=${about(r.id)}><${Sentence} of=${r} /></a></p></li>`)}</ul>
    ${g.alert && html`<${Decisions} id=${g.alert.id} />`}<//>`;
}

function Kin({ v }) {
  const rows = (v.shares_hosts_with || []).filter((r) => r.key !== v.key);
  return html`<${Panel} id="kin" title=${t('group_kin')} note=${t('group_kin_note')} className="wide-6">${!rows.length ? html`<${Empty} text=${t('group_kin_none')} />` : html`<${Table} label=${t('group_kin')} rows=${rows} by=${(r) => r.key} columns=${[
    { head: t('group_story'), of: (r) => html`<a href=${r.key.startsWith('group:') ? groupPage(r.key) : about(r.id)}><${Text} v=${r.key} /></a>` },
    { head: t('group_shared'), num: true, of: (r) => html`${number(r.shared)} <small>${Math.round(100 * r.jaccard)} %</small>` },
    { head: t('began'), of: (r) => html`<span class="nowrap">${dayTime(seconds(r.from))}</span>` }]} />`}<//>`;
}

/* Everything that was claimed under its key, from the store. */
function useClaims(key) {
  const alerts = useAnswer(key && ask('/alerts', { key, limit: 1 })), findings = useAnswer(key && may('analyst') ? ask('/findings', { key, limit: 50 }) : null);
  const rows = [...(alerts.value?.rows || []), ...(findings.value?.rows || [])];
  return rows.length ? stories(rows)[0] : null;
}

export default function Group({ rest: what }) {
  const f = fixed(), asked = f || RANGES[param('range')] ? span() : {}, [by, setBy] = useState('sync');
  const of = useAnswer(asked && ask('/about/' + encodeURIComponent(what), { from: asked.from, to: asked.to }));
  const g = useClaims(of.value?.key || (what.includes(':') ? what : null));
  return html`${g && html`<p class="row lead-row"><${Level} level=${g.level} /> ${g.alert && html`<span class="tlp" translate=${false}>${g.alert.tlp}</span>`} <span>${t('engines')}: <${Chips} list=${[...g.engineSet]} /></span> <span>${t('sensors')}: <${Chips} list=${[...g.sensorSet]} /></span></p>
    <p class="lead"><${Sentence} of=${g.says} /></p>`}
    <${Load} of=${of}>${(v) => html`<${Head} g=${g} v=${v} />${v.flows !== 'kept' && html`<p class="quality" role="status">${t(v.flows === 'removed' ? 'group_flows_gone' : 'group_flows_partly')}</p>`}<div class="grid">
      <${Synchrony} v=${v} order=${ORDERS[by]} by=${by} setBy=${setBy} orders=${Object.keys(ORDERS)} />
      <${Share} v=${v} dim="ports" className="wide-4" /><${Share} v=${v} dim="countries" className="wide-4" /><${Share} v=${v} dim="asns" className="wide-4" />
      <${Members} v=${v} by=${by} />
      ${g && html`<${Claims} g=${g} />`}<${Kin} v=${v} /></div>`}<//>`;
}
