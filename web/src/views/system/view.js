/* The machinery: sites and sensors, what waits where, versions, how old the data are. */
import { Panel, html } from '../../dom.js';
import { addTexts, dayTime, duration, number, seconds, t } from '../../i18n.js';
import { useAnswer } from '../../api.js';
import { Load, Place, Table, Text } from '../../parts.js';
import { eventTime, sensors, status } from '../../state.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

const bytes = (n) => { let k = 0; for (; n >= 1024 && k < 5; k++) n /= 1024; return `${number(Math.round(n * 10) / 10)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'][k]}`; };
const offset = (ns) => (ns == null ? '–' : `${number(Math.round(ns / 1e5) / 10)} ms`);

function SensorTable() {
  const rows = sensors.value;
  return html`<${Panel} id="sys-sensors" title=${t('sensors')} className="wide-12"><${Table} label=${t('sensors')} rows=${rows} by=${(s) => s.name} columns=${[
    { head: t('sys_name'), of: (s) => html`<b><${Text} v=${s.name} /></b>${s.source === 'honeypot' ? html` <small class="chip">${t('honeypot')}</small>` : null}` },
    { head: t('country'), of: (s) => html`<${Place} code=${s.country} />` },
    { head: t('sys_health'), of: (s) => html`<span class=${'health-' + s.state}>${t('health_' + s.state)}</span>` },
    { head: t('sys_last'), of: (s) => dayTime(seconds(s.last ?? s.heard)) },
    { head: t('packets_min'), num: true, of: (s) => (s.source === 'honeypot' ? '–' : number(s.packets)) },
    { head: t('lost'), num: true, of: (s) => number(s.lost) }, { head: t('sys_evicted'), num: true, of: (s) => number(s.evicted) }, { head: t('sys_malformed'), num: true, of: (s) => number(s.malformed) },
    { head: t('sys_queue'), num: true, of: (s) => number(s.queue) },
    { head: t('sys_clock'), of: (s) => html`${offset(s.clock_offset_ns)} <small>${t(s.clock_synced ? 'sys_synced' : 'sys_unsynced')}</small>` },
    { head: t('sys_version'), of: (s) => html`<${Text} v=${s.version} />` }]} /><//>`;
}

/* Numbers whose names the portal gives: shown as they come, so that nothing is hidden. */
function Rest({ v }) {
  const flat = (o, at = '') => Object.entries(o).flatMap(([k, x]) => (x && typeof x === 'object' && !Array.isArray(x) ? flat(x, at + k + '.') : [[at + k, x]]));
  const value = (k, x) => (x == null ? '–' : typeof x === 'boolean' ? t(x ? 'yes' : 'no') : typeof x === 'number' ? (/bytes/.test(k) ? bytes(x) : number(x)) : Array.isArray(x) ? x.map((y) => (typeof y === 'object' ? JSON.stringify(y) : y)).join(', ') : /^\d{4}-\d\d-\d\dT/.test(x) ? dayTime(seconds(x)) : x);
  return html`<dl class="facts many">${flat(v).map(([k, x]) => html`<div key=${k}><dt class="mono">${k}</dt><dd><${Text} v=${value(k, x)} /></dd></div>`)}</dl>`;
}

export default function System() {
  const of = useAnswer('/system', true), s = status.value;
  const fact = (name, v) => html`<div><dt>${name}</dt><dd>${v}</dd></div>`;
  return html`<div class="grid"><${SensorTable} />
    <${Panel} id="sys-portal" title=${t('sys_portal')} className="wide-6"><dl class="facts">
      ${fact(t('sys_version'), s?.version)}${fact(t('event_time'), dayTime(eventTime.value))}
      ${s?.wall_time ? fact(t('sys_behind'), duration(Math.max(0, seconds(s.wall_time) - (eventTime.value ?? 0)))) : null}
      ${fact(t('sys_geo'), html`<${Text} v=${s?.geography || '–'} />`)}${fact(t('sys_history'), t(s?.history ? 'yes' : 'no'))}
      ${Object.entries(s?.counters || {}).map(([k, v]) => fact(html`<span class="mono">${k}</span>`, number(v)))}</dl>
      <p class="row"><a href="/api/v1/metrics">${t('footer_metrics')}</a></p><//>
    <${Panel} id="sys-rest" title=${t('sys_rest')} className="wide-6"><${Load} of=${of}>${(v) => html`<${Rest} v=${v} />`}<//><//></div>`;
}
