/* Sites: how each sensor is, and what its machine says of itself. */
import { Panel, html } from '../../dom.js';
import { country, dayTime, duration, number, seconds, t } from '../../i18n.js';
import { Table, Text } from '../../parts.js';
import { href } from '../../router.js';

const MARKS = { ok: '✓', late: '…', silent: '×', loss: '!' };
const offset = (ns) => (!ns ? '0' : Math.abs(ns) < 1e6 ? `${number(Math.round(ns / 1e3))} µs` : Math.abs(ns) < 1e9 ? `${number(Math.round(ns / 1e6))} ms` : `${ns < 0 ? '−' : ''}${duration(Math.abs(ns) / 1e9)}`);
const RANK = { silent: 0, loss: 1, late: 2, ok: 3 };

export function Sensors({ v }) {
  const rows = [...v.sensors].sort((a, b) => RANK[a.state] - RANK[b.state] || a.name.localeCompare(b.name));
  return html`<${Panel} id="sys-sensors" title=${t('sensors')} note=${t('sys_sensors_note')} className="wide-12"><${Table} label=${t('sensors')} rows=${rows} by=${(s) => s.name} columns=${[
    { head: t('sys_name'), of: (s) => html`<span class=${'state-mark h-' + s.state}><span class="mark" aria-hidden="true">${MARKS[s.state]}</span></span><b><a href=${href(s.source === 'honeypot' ? '/hits' : '/flows', { sensor: s.name })}><${Text} v=${s.name} /></a></b> ${s.country ? html`<small>${country(s.country)}</small>` : null}${s.source === 'honeypot' ? html` <small class="chip">${t('honeypot')}</small>` : null}` },
    { head: t('sys_health'), of: (s) => html`<span class=${'health-' + s.state}>${t('health_' + s.state)}</span>` },
    { head: t('sys_last'), of: (s) => html`<span class="nowrap">${s.last ?? s.heard ? dayTime(seconds(s.last ?? s.heard)) : t('never')}</span>` },
    { head: t('packets_min'), num: true, of: (s) => (s.source === 'honeypot' ? '–' : number(s.packets)) },
    { head: t('lost'), num: true, of: (s) => html`<span class=${s.lost ? 'health-loss' : ''}>${number(s.lost)}</span>` },
    { head: t('sys_evicted'), num: true, of: (s) => number(s.evicted) }, { head: t('sys_malformed'), num: true, of: (s) => number(s.malformed) },
    { head: t('sys_queue'), num: true, of: (s) => number(s.queue) },
    { head: t('sys_clock'), of: (s) => html`<span class="nowrap">${offset(s.clock_offset_ns)}</span> <small>${t(s.clock_synced ? 'sys_synced' : 'sys_unsynced')}</small>` },
    { head: t('sys_source'), of: (s) => html`<span class="name"><${Text} v=${s.source || '–'} /></span>` },
    { head: t('sys_version'), of: (s) => html`<${Text} v=${s.version || '–'} />` }]} /><//>`;
}
