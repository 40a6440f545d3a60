/* What `practice explain` says, to look at: when, with whom, and who moves in step. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Choice, Panel, html } from '../../dom.js';
import { dayTime, duration, number, seconds, t } from '../../i18n.js';
import { ask, useAnswer } from '../../api.js';
import { Bars } from '../../bars.js';
import { Heat } from '../../heat.js';
import { Empty, Flows, Fold, Host, Land, Level, Load, Network, Port, Table, Text } from '../../parts.js';
import { Packets } from '../../packets.js';
import { Plot, PlotTable } from '../../plot.js';
import { groupPage } from '../../groups.js';
import { about, href, param } from '../../router.js';
import { RANGES, fixed, span } from '../../time.js';

const ROWS = 30; /* of the picture; the table has all */
/* What is told ends with what is kept: behind it nothing is known, which is not the same as nothing. */
const endOf = (v) => Math.min(seconds(v.span.to), Math.max(seconds(v.kept.to) ?? Infinity, seconds(v.last) ?? 0));
const LEVELS = ['', 'notice', 'low', 'medium', 'high', 'critical'];

function Timeline({ v }) {
  const [table, setTable] = useState(false), [by, setBy] = useState('packets');
  const data = useMemo(() => {
    const step = v.step_s || 60, from = seconds(v.span.from), n = Math.max(1, Math.ceil((endOf(v) - from) / step));
    const values = Array(n).fill(0);
    for (const s of v.steps) { const i = Math.floor((seconds(s.at) - from) / step); if (i >= 0 && i < n) values[i] = s[by]; }
    return { step, times: values.map((_, i) => from + i * step), list: [{ name: t(by), values }] };
  }, [v, by]);
  const host = single(v);
  const tools = html`${!host && html`<${Choice} name="about-by" label=${t('about_when')} value=${by} options=${[['packets', t('packets')], ['hosts', t('hosts')]]} onChange=${setBy} />`}
    <${Choice} name="about-view" label=${t('show_table')} value=${table ? 'table' : 'chart'} options=${[['chart', t('chart')], ['table', t('table')]]} onChange=${(x) => setTable(x === 'table')} />`;
  return html`<${Panel} id="when" title=${t('about_when')} note=${t('about_when_note', { d: duration(v.step_s) })} tools=${tools} className="wide-12">
    ${table ? html`<${PlotTable} data=${data} label=${t('about_when')} />` : html`<${Plot} data=${data} height=${200} steps />`}<//>`;
}

/* One host, whose rows are ports; a prefix is told of as a host, too, but its rows are hosts. */
const single = (v) => v.about === 'host' && !v.lines[0]?.host;
/* A row a host (of a host: a port), a column a step: who moves together stands in columns. */
function Matrix({ v }) {
  const micro = single(v);
  const data = useMemo(() => {
    const step = v.step_s || 60, from = seconds(v.span.from) /* of its lines' steps, too */, all = Math.max(1, Math.ceil((seconds(v.span.to) - from) / step));
    const fold = Math.ceil(all / 240), n = Math.ceil(all / fold);
    return { times: Array.from({ length: n }, (_, i) => from + i * step * fold),
      rows: v.lines.slice(0, ROWS).map((l) => {
        const values = Array(n).fill(0);
        for (const [k, p] of l.steps) values[Math.min(n - 1, Math.floor(k / fold))] += p;
        return { key: l.host ?? l.port, name: l.host ?? l.port, values };
      }) };
  }, [v]);
  if (!v.lines.length) return null;
  const head = (r) => (micro ? html`<${Port} port=${r.name} />` : html`<${Host} ip=${r.name} />`);
  return html`<${Panel} id="sync" title=${t(micro ? 'about_ports_when' : 'about_sync')} note=${micro ? null : t('about_sync_note')} className="wide-12">
    <${Heat} data=${data} label=${t(micro ? 'about_ports_when' : 'about_sync')} head=${head} legend=${t('packets')} />
    <${Fold} summary=${t('about_all_lines', { n: number(v.lines.length) })}>${() => html`<${Table} label=${t('about_lines')} rows=${v.lines} by=${(l) => l.host ?? l.port} columns=${[
      { head: micro ? t('port') : t('hosts'), of: (l) => head({ name: l.host ?? l.port }) },
      !micro && { head: t('country'), of: (l) => html`<${Land} code=${l.country} />` }, !micro && { head: t('network'), of: (l) => html`<${Network} asn=${l.asn} />` },
      !micro && { head: t('about_synchrony'), num: true, of: (l) => (l.synchrony ?? 0).toFixed(2) },
      { head: t('packets'), num: true, of: (l) => number(l.packets) }, { head: t('about_first'), of: (l) => dayTime(seconds(l.first)) }, { head: t('about_last'), of: (l) => dayTime(seconds(l.last)) }]} />
      ${v.more_lines > 0 && html`<p class="note">${t('about_more_lines', { n: number(v.more_lines) })}</p>`}`}<//><//>`;
}

/* The words for a part of it in the query language. */
const WORD = { sensors: (n) => `sensor=${n}`, ports: (n) => `port=${n}`, countries: (n) => `country=${n}`, asns: (n) => `asn=${n.replace(/^AS/, '')}`, tools: (n) => `tool=${n}`, marks: (n) => `marks=${n}` };
const subject = (v) => (v.about === 'port' || v.about === 'host' ? `${v.about === 'port' ? 'port=' : 'src='}${v.what} from=${v.span.from} to=${v.span.to}` : null);
const LABEL = { sensors: (n) => html`<${Text} v=${n} />`, ports: (n) => html`<${Port} port=${n} />`, countries: (n) => html`<${Land} code=${n} />`, asns: (n) => html`<${Network} asn=${n.replace(/^AS/, '')} />` };
function Groups({ v, dim }) {
  if (!v[dim]?.length) return null;
  const label = LABEL[dim] || ((n) => html`<${Text} v=${n} />`);
  return html`<${Panel} id=${'dim-' + dim} title=${t('about_' + dim)} note=${t('about_dim_note')} className="part">
    <${Bars} label=${t('about_' + dim)} rows=${v[dim].map((g) => ({ key: g.name, label: label(g.name), value: g.packets, q: subject(v) && WORD[dim] && !(dim === 'ports' && v.about === 'port') && `${subject(v)} ${WORD[dim](g.name)}`, note: single(v) ? null : t('about_n_hosts', { n: number(g.hosts) }) }))} /><//>`;
}

const part = (x) => (x > 0 && x < 0.005 ? '<1 %' : `${Math.round(100 * x)} %`);
const FEW = 12;
function Related({ id, title, rows, share }) {
  const [all, setAll] = useState(false);
  if (!rows?.length) return null;
  return html`<${Panel} id=${id} title=${title} className="wide-6"><${Table} label=${title} rows=${all ? rows : rows.slice(0, FEW)} by=${(r) => r.id} columns=${[
    { head: t('about_story'), of: (r) => html`<a href=${about(r.id)}><${Text} v=${r.key} /></a>` },
    { head: t('about_level'), of: (r) => html`<${Level} level=${LEVELS[r.level] || 'notice'} />` },
    { head: t('began'), of: (r) => dayTime(seconds(r.from)) },
    { head: t('hosts'), num: true, of: (r) => number(r.host_count) },
    share && { head: t('about_shared'), num: true, of: (r) => html`${number(r.shared)} <small>${part(r.jaccard)}</small>` }]} />
    ${rows.length > FEW && !all && html`<p class="more"><button type="button" class="plain" onClick=${() => setAll(true)}>${t('about_all_related', { n: number(rows.length) })}</button></p>`}<//>`;
}

function Summary({ v }) {
  const fact = (name, value, note) => html`<div class="stat"><dt>${name}</dt><dd><b>${value}</b>${note && html`<small>${note}</small>`}</dd></div>`;
  const flows = (x) => (subject(v) ? html`<${Flows} q=${subject(v)}>${x}<//>` : x), answers = v.marks?.find((m) => m.name === 'backscatter')?.packets ?? 0;
  return html`<dl class="stats">
    ${fact(t('packets'), flows(number(v.packets)), `${dayTime(seconds(v.span.from))} – ${dayTime(seconds(v.span.to))}`)}
    ${single(v) ? fact(t('network'), v.asns?.length ? html`<${Network} asn=${v.asns[0].name.replace(/^AS/, '')} />` : '–', v.countries?.length && html`<${Land} code=${v.countries[0].name} />`) : fact(t('hosts'), number(v.hosts))}
    ${fact(t('about_first'), v.first ? dayTime(seconds(v.first)) : '–', t('about_in_range'))}
    ${fact(t('about_last'), v.last ? dayTime(seconds(v.last)) : '–', t('about_in_range'))}</dl>
    ${seconds(v.asked.from) < seconds(v.span.from) && html`<p class="quality" role="status">${t('about_latest', { from: dayTime(seconds(v.span.from)), n: number(v.hours.reduce((n, h) => n + h.packets, 0)) })}</p>`}
    ${single(v) && answers * 2 > v.packets && html`<p class="quality" role="status">${t('about_answers')}</p>`}
    ${v.flows !== 'kept' && html`<p class="quality" role="status">${t(v.flows === 'removed' ? 'about_flows_gone' : 'about_flows_partly')}</p>`}`;
}

/* Without a range of the reader's own, the portal takes the claim's time, or the last day kept. */
/* An alert or a finding is a claim: its own page, or its group's, has what was said. */
function Claim({ v }) {
  if (!v.key) return null;
  const page = v.about === 'alert' ? html`<a href=${href('/alerts/' + encodeURIComponent(v.what))}>${t('about_alert_page')}</a>` : v.key.startsWith('group:') ? html`<a href=${groupPage(v.key)}>${t('about_group_page')}</a>` : null;
  return html`<p class="row lead-row"><code>${v.what}</code> ${page}</p>`;
}

export function Subject({ what, named }) {
  const f = fixed(), asked = f || RANGES[param('range')] ? span() : {};
  const of = useAnswer(asked && ask('/about/' + encodeURIComponent(what), { from: asked.from, to: asked.to }));
  useEffect(() => { if (of.value?.key) named(of.value.key); }, [of.value]);
  return html`<${Load} of=${of}>${(v) => html`<${Claim} v=${v} /><${Summary} v=${v} /><div class="grid">
    ${v.packets > 0 ? html`<${Timeline} v=${v} /><${Matrix} v=${v} />` : html`<section class="panel wide-12"><${Empty} text=${t('about_nothing')} hint=${t('about_nothing_hint')} /></section>`}
    <div class="wide-12 heap">${['sensors', 'ports', 'countries', 'asns', 'tools', 'surveys', 'marks'].map((d) => html`<${Groups} key=${d} v=${v} dim=${d} />`)}</div>
    <${Related} id="named" title=${t('about_named_by')} rows=${v.named_by} />
    <${Related} id="sharing" title=${t('about_sharing')} rows=${v.shares_hosts_with} share />
    ${(v.about === 'host' || v.about === 'port') && html`<${Packets} q=${`${v.about === 'port' ? 'port' : 'src'}=${v.what} from=${v.span.from} to=${v.span.to}`} />`}
  </div>`}<//>`;
}
