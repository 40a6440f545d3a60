/* A network or a country: what comes from there, and what is aimed at it. */
import { useMemo } from 'preact/hooks';
import { Panel, html } from '../../dom.js';
import { dayTime, number, seconds, t } from '../../i18n.js';
import { ask, useAnswer } from '../../api.js';
import { Bars } from '../../bars.js';
import { Empty, Flows, Level, Load, Port, Text } from '../../parts.js';
import { Plot } from '../../plot.js';
import { href } from '../../router.js';
import { span } from '../../time.js';
import { titleOf } from '../../words.js';
import { victimText } from '../attacks/row.js';

const question = (filter) => Object.entries(filter).map(([k, v]) => `${k}=${v}`).join(' ');

function Series({ v, when }) {
  const data = useMemo(() => {
    const by = new Map();
    for (const r of v.rows) by.set(seconds(r.at), (by.get(seconds(r.at)) ?? 0) + r.sources);
    const times = [...by.keys()].sort((a, b) => a - b);
    return { step: when, times, list: [{ name: t('sources'), values: times.map((x) => by.get(x)) }] };
  }, [v]);
  return html`<${Plot} data=${data} height=${200} steps />`;
}

export function Area({ filter }) {
  const when = span(), base = when && { from: when.from, to: when.to, ...filter };
  const step = !when || !when.length || when.length > 259200 ? '1d' : when.length > 14400 ? '1h' : '1m';
  const series = useAnswer(base && ask('/series', { ...base, step }));
  const ports = useAnswer(base && ask('/top', { ...base, by: 'port', limit: 12 }));
  const hosts = useAnswer(base && ask('/top', { ...base, by: 'sensor', limit: 12 }));
  const attacks = useAnswer(base && ask('/attacks', { ...base, limit: 8 })), alerts = useAnswer(base && ask('/alerts', { ...base, limit: 8 }));
  const none = html`<p class="note">${t('nothing')}</p>`;
  return html`<div class="grid">
    <${Panel} id="area-when" title=${t('area_sources')} note=${`${t('area_step_' + step)}; ${t('area_sources_note')}`} className="wide-12"><${Load} of=${series} empty=${html`<${Empty} />`}>${(v) => html`<${Series} v=${v} when=${step} />`}<//>
      <p class="row"><${Flows} q=${question(filter)}>${t('open_flows')}<//></p><//>
    <${Panel} id="area-ports" title=${t('area_ports')} className="wide-6"><${Load} of=${ports} empty=${none}>${(v) => html`<${Bars} label=${t('area_ports')} rows=${v.rows.map((r) => ({ key: r.port, label: html`<${Port} port=${r.port} />`, value: r.sources, q: `port=${r.port} ${question(filter)}` }))} />`}<//><//>
    <${Panel} id="area-sensors" title=${t('area_sensors')} className="wide-6"><${Load} of=${hosts} empty=${none}>${(v) => html`<${Bars} label=${t('area_sensors')} rows=${v.rows.map((r) => ({ key: r.sensor, label: html`<${Text} v=${r.sensor} />`, value: r.sources, q: `sensor=${r.sensor} ${question(filter)}` }))} />`}<//><//>
    <${Panel} id="area-attacks" title=${t('area_attacks')} className="wide-6"><${Load} of=${attacks} empty=${none}>${(v) => html`<ul class="plain-list">${v.rows.map((e) => html`<li key=${e.id}><a href=${href('/attacks/' + encodeURIComponent(e.id))}>${dayTime(seconds(e.from))}</a> <span class="mono">${victimText(e)}</span> <small>${(e.vectors || []).join(', ')} · ${t('area_packets', { n: number(e.packets) })}</small></li>`)}</ul>`}<//><//>
    <${Panel} id="area-alerts" title=${t('area_alerts')} className="wide-6"><${Load} of=${alerts} empty=${none}>${(v) => html`<ul class="plain-list">${v.rows.map((a) => html`<li key=${a.id}><${Level} level=${a.severity} /> <a href=${href('/alerts/' + encodeURIComponent(a.id))}><${Text} v=${titleOf(a)} /></a></li>`)}</ul>`}<//><//>
  </div>`;
}
