/* The machinery: sensors and how they are, how far behind, what waits where, versions, how old the data are,
 * and every counter. */
import { html } from '../../dom.js';
import { addTexts, dayTime, duration, number, seconds, short, t } from '../../i18n.js';
import { useAnswer } from '../../api.js';
import { Load } from '../../parts.js';
import { status } from '../../state.js';
import { Counters } from './counters.js';
import { Health } from './health.js';
import { Kept } from './kept.js';
import { Sensors } from './sensors.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

const fact = (name, v, note, className) => html`<div class=${'stat ' + (className || '')}><dt>${name}</dt><dd><b>${v}</b>${note && html`<small>${note}</small>`}</dd></div>`;
function Sums({ v }) {
  const good = v.sensors.filter((s) => s.state === 'ok').length, waits = v.sensors.reduce((a, s) => a + (s.queue || 0), 0);
  const worst = ['silent', 'loss', 'late'].find((k) => v.sensors.some((s) => s.state === k)), versions = new Set(v.sensors.map((s) => s.version).filter(Boolean));
  const last = v.sensors.map((s) => seconds(s.last ?? s.heard)).filter(Boolean), behind = last.length ? Math.max(...last) - Math.min(...last) : null, wall = seconds(status.value?.wall_time);
  return html`<dl class="stats">
    ${fact(t('sys_good'), html`<a href="#sys-sensors">${number(good)}</a>`, t('stat_of', { n: number(v.sensors.length) }), worst && (worst === 'silent' ? 'edge-critical' : 'edge-medium'))}
    ${fact(t('sys_behind'), html`<a href="#sys-health">${wall ? duration(Math.max(0, wall - seconds(v.event_time))) : duration(behind)}</a>`, t(wall ? 'sys_behind_clock' : 'sys_behind_each'))}
    ${fact(t('sys_waits'), html`<a href="#sys-sensors">${short(waits)}</a>`, t('sys_waits_note'), waits > 1000 ? 'edge-medium' : '')}
    ${fact(t('sys_version'), v.version || '–', versions.size > 1 || (versions.size && !versions.has(v.version)) ? t('sys_versions_differ', { list: [...versions].join(', ') }) : t('sys_versions_same'))}</dl>`;
}

export default function System() {
  const of = useAnswer('/system', true);
  return html`<${Load} of=${of} rows=${10}>${(v) => html`<${Sums} v=${v} /><div class="grid"><${Sensors} v=${v} /><${Health} v=${v} /><${Kept} v=${v} /><${Counters} v=${v} /></div>`}<//>`;
}
