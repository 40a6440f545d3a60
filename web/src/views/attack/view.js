/* One attack closely: how strong when, who saw it, what it is part of. */
import { Choice, Panel, html } from '../../dom.js';
import { addTexts, dayTime, duration, exactly, number, seconds, t } from '../../i18n.js';
import { useEffect, useState } from 'preact/hooks';
import { signal } from '@preact/signals';
import { useAnswer } from '../../api.js';
import { Bars } from '../../bars.js';
import { Deliveries } from '../../deliveries.js';
import { Chips, Flows, HitsLink, Land, Level, Load, Network, Table, Text } from '../../parts.js';
import { Packets } from '../../packets.js';
import { Plot, PlotTable } from '../../plot.js';
import { href } from '../../router.js';
import { may } from '../../session.js';
import { titleOf } from '../../words.js';
import { Lasted, Victim, running, vectorsOf, victimText } from '../attacks/row.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

function Rate({ rate, cut }) {
  const [table, setTable] = useState(false);
  const from = seconds(rate.from), step = rate.step_s;
  const data = { step, times: rate.packets.map((_, i) => from + i * step), list: [{ name: t('attack_packets_step'), values: rate.packets.map((p) => p / step) }] };
  const tools = html`<${Choice} name="rate-view" label=${t('show_table')} value=${table ? 'table' : 'chart'} options=${[['chart', t('chart')], ['table', t('table')]]} onChange=${(v) => setTable(v === 'table')} />`;
  return html`<${Panel} id="rate" title=${t('attack_rate')} note=${t('attack_rate_note', { d: duration(step), n: number(rate.hits) })} tools=${tools}>
    ${table ? html`<${PlotTable} data=${data} label=${t('attack_rate')} />` : html`<${Plot} data=${data} height=${240} steps />`}
    ${rate.cut && html`<p class="note">${t('attack_cut')}</p>`}<//>`;
}

function Facts({ e }) {
  const row = (name, v) => html`<div><dt>${name}</dt><dd>${v}</dd></div>`;
  return html`<${Panel} id="facts" title=${t('attack_facts')} className="wide-4"><dl class="facts">
    ${row(t('attack_state'), running(e) ? html`<b class="running">${t('running')}</b>` : t('attack_ended'))}
    ${row(t('victim'), html`<${Victim} e=${e} />`)}
    ${e.rdns ? row(t('attack_name'), html`<${Text} v=${e.rdns} />`) : null}
    ${row(t('network'), html`<${Network} asn=${e.asn} name=${e.as_name} />`)}
    ${row(t('country'), html`<${Land} code=${e.country} />`)}
    ${row(t('began'), exactly(e.from))}
    ${row(t('attack_detected'), exactly(e.started || e.at))}
    ${row(t('attack_last'), html`${exactly(e.to)} (${duration(Math.max(1, seconds(e.to) - seconds(e.from)))})`)}
    ${row(t('attack_vectors'), html`${vectorsOf(e).map((x) => html`<a class="chip" href=${href('/attacks', { vector: x })}><${Text} v=${x} /></a>`)} <small>UDP ${e.port}</small>`)}
    ${row(t('packets'), html`${number(e.packets)} <small>${number(e.bytes)} B</small>`)}
    ${row(t('attack_pps'), t('attack_pps_text', { max: number(e.pps_max), mean: number(e.pps_mean) }))}
    ${row('TTL', t('attack_ttl', { n: number(e.ttl_count), lo: e.ttl_min, hi: e.ttl_max }))}
    ${e.kind !== 'single' ? row(t('attack_hosts'), number(e.host_count)) : null}
    ${row(t('attack_revision'), html`${number(e.revision)} <small class="mono"><${Text} v=${e.id} /></small>`)}
  </dl><//>`;
}

/* "osaka 120": name, blank, number; names: number, blank, name. */
const counted = (list, last) => (list || []).map((s) => {
  const m = last ? /^(.*) (\d+)$/.exec(s) : /^(\d+) (.*)$/.exec(s);
  return m ? { key: s, label: html`<${Text} v=${last ? m[1] : m[2]} />`, value: +(last ? m[2] : m[1]) } : { key: s, label: html`<${Text} v=${s} />`, value: 0 };
});
const sums = (list) => list.map((x) => ({ key: x.name, label: x.name ? html`<${Text} v=${x.name} />` : t('attack_rest'), value: x.packets }));

function Parts({ list, cut }) {
  return html`<${Panel} id="parts" title=${t('attack_parts')} className="wide-12"><${Table} label=${t('attack_parts')} rows=${list} by=${(e) => e.id} columns=${[
    { head: t('victim'), of: (e) => html`<a class="mono" href=${href('/attacks/' + encodeURIComponent(e.id))}>${victimText(e)}</a>` },
    { head: t('attack_vectors'), of: (e) => html`<${Chips} list=${vectorsOf(e)} />` },
    { head: t('began'), of: (e) => dayTime(seconds(e.from)) }, { head: t('attack_lasts'), num: true, of: (e) => html`<${Lasted} e=${e} />` },
    { head: t('packets'), num: true, of: (e) => number(e.packets) }]} />${cut && html`<p class="note">${t('truncated')}</p>`}<//>`;
}

function Body({ v }) {
  const e = v.attack, seen = v.rate?.sensors ? sums(v.rate.sensors) : counted(e.sensors, true);
  const kinds = v.rate?.vectors ? sums(v.rate.vectors) : [];
  return html`<div class="grid"><div class="wide-8 parts">
    ${v.rate ? html`<${Rate} rate=${v.rate} />` : html`<${Panel} id="rate" title=${t('attack_rate')} ><p class="empty">${t('attack_no_hits')}</p><//>`}
    <${Panel} id="seen" title=${t('attack_sensors')}><${Bars} rows=${seen} label=${t('attack_sensors')} /><//>
    ${kinds.length > 1 && html`<${Panel} id="kinds" title=${t('attack_vectors')}><${Bars} rows=${kinds} label=${t('attack_vectors')} /><//>`}
    <${Panel} id="names" title=${t('attack_names')}><${Bars} rows=${counted(e.names)} label=${t('attack_names')} /><//>
    <${Panel} id="told" title=${t('told_title')}><${Deliveries} of="attack" id=${e.id} /><//>
    <${Panel} id="about-it" title=${t('alerts')}>${v.alerts?.length ? html`<ul class="plain-list">${v.alerts.map((a) => html`<li key=${a.id}><${Level} level=${a.severity} /> <a href=${href('/alerts/' + encodeURIComponent(a.id))}><${Text} v=${titleOf(a)} /></a></li>`)}</ul>` : html`<p class="note">${t('attack_no_alerts')}</p>`}
      <p class="row">${may('analyst') && html`<${HitsLink} of=${{ victim: victimText(e), from: e.from }}>${t('open_hits')}<//>`}
        <${Flows} q=${`victim=${victimText(e)}`}>${t('attack_backscatter')}<//></p><//></div>
    <${Facts} e=${e} />
    <${Packets} q=${`src=${victimText(e)} from=${e.from}`} />
    ${v.parts?.length > 0 && html`<${Parts} list=${v.parts} cut=${v.parts_cut} />`}
  </div>`;
}

const victims = signal({});
export const title = (id) => victims.value[id] && t('attack_title', { who: victims.value[id] });

export default function Attack({ rest: id }) {
  const of = useAnswer('/attacks/' + encodeURIComponent(id), true);
  useEffect(() => { if (of.value) victims.value = { [id]: victimText(of.value.attack) }; }, [of.value]);
  return html`<${Load} of=${of}>${(v) => html`<${Body} v=${v} />`}<//>`;
}
