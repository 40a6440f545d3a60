/* Packets and sources by sensor over time, as they come. */
import { useEffect, useState } from 'preact/hooks';
import { Choice, Panel, html } from '../../dom.js';
import { dayTime, number, t } from '../../i18n.js';
import { DASHES, LINES, Plot, PlotTable } from '../../plot.js';
import { columns, measure, range, sensors } from '../../state.js';
import { loadRange } from '../../net.js';
import { put } from '../../router.js';

const SILENT = 900; /* seconds: so long the portal calls a sensor late, not silent */
/* When a sensor that had told something told nothing. To the end of the picture only if it is silent: its minutes may be empty. */
function gapsOf({ times, list, step }) {
  const gaps = [];
  list.forEach((s, i) => {
    if (s.name == null) return;
    let last = null;
    s.values.forEach((v, k) => {
      if (v == null) return;
      if (last != null && times[k] - last > SILENT + step) gaps.push([i, last + step, times[k]]);
      last = times[k];
    });
    if (last != null && sensors.value.find((x) => x.name === s.name)?.state === 'silent') gaps.push([i, last + step, times[times.length - 1] + step]);
  });
  return gaps;
}
/* The same in words. */
function Gaps({ data }) {
  if (!data.gaps.length) return null;
  const newest = [...data.gaps].sort((a, b) => b[2] - a[2]), say = ([i, from, to]) => t('gap', { name: data.list[i].name, from: dayTime(from), to: dayTime(to) });
  return html`<p class="note gaps">${t('gaps')} ${newest.slice(0, 3).map(say).join('; ')}${newest.length > 3 ? ' +' + number(newest.length - 3) : ''}</p>`;
}
const nameOf = (s) => s.name ?? t('others', { n: s.count });

/* What each line is, and its value where the pointer is; the newest when it is nowhere. */
function Legend({ data, hidden, toggle, at }) {
  const k = at != null && at < data.times.length ? at : null;
  const value = (s) => (k == null ? [...s.values].reverse().find((v) => v != null) : s.values[k]);
  return html`<ul class="legend">${data.list.map((s, i) => html`<li><button type="button" aria-pressed=${!hidden.has(s.name)} onClick=${() => toggle(s.name)}>
      <svg width="26" height="10" aria-hidden="true"><line x1="1" y1="5" x2="25" y2="5" class=${'stroke-' + ((i % LINES) + 1)} stroke-width="3" stroke-dasharray=${DASHES[i % DASHES.length].join(' ')} /></svg>
      <span>${nameOf(s)}</span> <b>${number(value(s) == null ? null : Math.round(value(s)))}</b></button></li>`)}
    <li class="legend-at" aria-hidden="true">${dayTime(data.times[k ?? data.times.length - 1])}</li></ul>`;
}

export function Traffic() {
  const [table, setTable] = useState(false), [hidden, setHidden] = useState(new Set()), [at, setAt] = useState(null);
  const found = columns(range.value, measure.value, LINES), data = found && { ...found, gaps: gapsOf(found) };
  const toggle = (name) => setHidden((old) => { const n = new Set(old); n.has(name) ? n.delete(name) : n.add(name); return n; });
  useEffect(() => { loadRange().catch(() => {}); }, [range.value]);
  const tools = html`
    <${Choice} name="measure" label=${t('traffic')} value=${measure.value} options=${[['packets', t('packets')], ['sources', t('sources')]]} onChange=${(v) => put({ measure: v === 'packets' ? null : v })} />
    <${Choice} name="range" label=${t('range')} value=${String(range.value)} options=${[1, 3, 24].map((n) => [String(n), t('range_h', { n })])} onChange=${(v) => put({ range: v + 'h', from: null, to: null })} />
    <${Choice} name="traffic-view" label=${t('show_table')} value=${table ? 'table' : 'chart'} options=${[['chart', t('chart')], ['table', t('table')]]} onChange=${(v) => setTable(v === 'table')} />`;
  const any = data && data.list.some((s) => s.values.some((v) => v != null));
  return html`<${Panel} id="traffic" title=${t('traffic')} note=${t(range.value > 12 ? 'traffic_help_5' : 'traffic_help')} tools=${tools} className="traffic">
    ${!any ? html`<p class="empty">${t('no_data')}</p>` : table ? html`<${PlotTable} data=${data} label=${t('traffic')} name=${nameOf} />`
      : html`<${Plot} data=${data} hidden=${hidden} setAt=${setAt} /><${Legend} data=${data} hidden=${hidden} toggle=${toggle} at=${at} /><${Gaps} data=${data} />`}
  <//>`;
}
