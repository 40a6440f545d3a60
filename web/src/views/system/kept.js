/* What the store keeps and since when, how much room is left, and how old the data are that say where an
 * address is and who surveys. */
import { Panel, html } from '../../dom.js';
import { dayTime, duration, number, seconds, t } from '../../i18n.js';
import { Text } from '../../parts.js';
import { status } from '../../state.js';

export const bytes = (n) => { let k = 0; for (; n >= 1024 && k < 5; k++) n /= 1024; return `${number(Math.round(n * 10) / 10)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'][k]}`; };
const fact = (name, v) => html`<div><dt>${name}</dt><dd>${v}</dd></div>`;

/* Each kind of what is kept as a bar on one line of time. */
function Spans({ kept }) {
  const rows = Object.entries(kept).map(([what, k]) => [what, seconds(k.from), seconds(k.to)]).filter(([, a, b]) => a && b);
  if (!rows.length) return html`<p class="note">${t('nothing')}</p>`;
  const from = Math.min(...rows.map((r) => r[1])), to = Math.max(...rows.map((r) => r[2])), x = (s) => (100 * (s - from)) / Math.max(1, to - from);
  return html`<ul class="spans">${rows.map(([what, a, b]) => html`<li key=${what}><span>${t('kept_' + what)}</span>
    <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="lane-back" width="100" height="10" /><rect class="span-is" x=${x(a)} width=${Math.max(1, x(b) - x(a))} height="10" /></svg>
    <small>${dayTime(a)} – ${dayTime(b)}, ${duration(b - a)}</small></li>`)}</ul>`;
}

function Disk({ disk }) {
  const used = disk.all_bytes - disk.free_bytes, part = used / Math.max(1, disk.all_bytes);
  return html`<svg class="bar-line is disk" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="bar-back" width="100" height="8" /><rect width=${100 * part} height="8" class=${part > 0.9 ? 'full' : ''} /></svg>
    <small>${t('sys_disk_free', { a: bytes(disk.free_bytes), b: bytes(disk.all_bytes) })}</small>`;
}

export function Kept({ v }) {
  return html`<${Panel} id="sys-kept" title=${t('sys_kept')} className="wide-4"><${Spans} kept=${v.kept || {}} />
    <dl class="facts">${fact(t('sys_store'), v.store)}${v.disk ? fact(t('sys_disk'), html`<${Disk} disk=${v.disk} />`) : null}
      ${fact(t('sys_geo'), html`<${Text} v=${v.geography || t('geo_none')} />`)}
      ${fact(t('sys_surveys'), v.surveys?.length ? html`<ul>${v.surveys.map((x) => html`<li><${Text} v=${x} /></li>`)}</ul>` : '–')}
      ${fact(t('event_time'), dayTime(seconds(v.event_time)))}${status.value?.wall_time ? fact(t('sys_wall'), dayTime(seconds(status.value.wall_time))) : null}</dl><//>`;
}
