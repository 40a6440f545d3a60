/* Packets and sources by sensor over time. uPlot draws on a canvas, which knows no style sheet: it is
 * given the theme's colours and drawn anew when they change. Lines differ by colour and by dashes. */
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { Choice, Panel, html } from '../../dom.js';
import { dayTime, hhmm, lang, number, short, t, theme, zone, zoneName } from '../../i18n.js';
import { columns, measure, range } from '../../state.js';
import { loadRange } from '../../net.js';
import { put } from '../../router.js';

const MAX = 6;
const DASHES = [[], [7, 3], [2, 3], [10, 3, 2, 3], [4, 2], [12, 4]];
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const seriesColor = (i) => css(`--series-${(i % MAX) + 1}`);
const nameOf = (s) => s.name ?? t('others', { n: s.count });

function options(width, list, hidden, onCursor) {
  const ink = css('--ink-2'), grid = css('--line');
  const font = `12px ${css('--font')}`;
  return {
    width, height: width < 500 ? 200 : innerWidth >= 1600 ? 290 : 250,
    tzDate: (s) => (zoneName.value ? uPlot.tzDate(new Date(s * 1000), zoneName.value) : new Date(s * 1000)),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    padding: [10, 8, 0, 0],
    scales: { x: { time: true }, y: { range: (u, lo, hi) => [0, Math.max(4, (hi || 0) * 1.08)] } },
    axes: [
      { stroke: ink, font, grid: { show: false }, ticks: { stroke: grid, size: 4 }, space: 70, size: 28,
        values: (u, splits) => splits.map((s, i) => (i === 0 || hhmm(s) === '00:00' ? (hhmm(s) === '00:00' ? dayTime(s).replace(/ 00:00$/, '') : hhmm(s)) : hhmm(s))) },
      { stroke: ink, font, grid: { stroke: grid, width: 1 }, ticks: { show: false }, size: 52, values: (u, splits) => splits.map((v) => short(v)) },
    ],
    series: [{}, ...list.map((s, i) => ({
      label: nameOf(s), stroke: seriesColor(i), width: 2, dash: DASHES[i % DASHES.length], show: !hidden.has(s.name),
      points: { show: false }, spanGaps: false,
    }))],
    hooks: { setCursor: [(u) => onCursor(u.cursor.idx)] },
  };
}

function Plot({ data, hidden, setAt }) {
  const box = useRef(), plot = useRef(), [width, setWidth] = useState(0);
  const shape = data.list.map((s) => s.name).join() + [...hidden].join() + width + theme.value + lang.value + zone.value + data.step + (matchMedia('(prefers-color-scheme: dark)').matches);
  useEffect(() => {
    const seen = new ResizeObserver(([e]) => setWidth(Math.floor(e.contentRect.width)));
    seen.observe(box.current);
    const dark = matchMedia('(prefers-color-scheme: dark)'), change = () => setWidth((w) => w + 0.001);
    dark.addEventListener('change', change);
    return () => { seen.disconnect(); dark.removeEventListener('change', change); };
  }, []);
  useEffect(() => {
    if (width < 50) return undefined;
    plot.current = new uPlot(options(Math.floor(width), data.list, hidden, setAt), [data.times, ...data.list.map((s) => s.values)], box.current);
    return () => { plot.current.destroy(); plot.current = null; };
  }, [shape]);
  useEffect(() => { plot.current?.setData([data.times, ...data.list.map((s) => s.values)]); }, [data]);
  return html`<div class="plot" ref=${box} aria-hidden="true"></div>`;
}

/* What each line is, and its value where the pointer is; the newest when it is nowhere. */
function Legend({ data, hidden, toggle, at }) {
  const k = at != null && at < data.times.length ? at : null;
  const value = (s) => (k == null ? [...s.values].reverse().find((v) => v != null) : s.values[k]);
  return html`<ul class="legend">${data.list.map((s, i) => html`<li><button type="button" aria-pressed=${!hidden.has(s.name)} onClick=${() => toggle(s.name)}>
      <svg width="26" height="10" aria-hidden="true"><line x1="1" y1="5" x2="25" y2="5" class=${'stroke-' + ((i % MAX) + 1)} stroke-width="3" stroke-dasharray=${DASHES[i % DASHES.length].join(' ')} /></svg>
      <span>${nameOf(s)}</span> <b>${number(value(s) == null ? null : Math.round(value(s)))}</b></button></li>`)}
    <li class="legend-at" aria-hidden="true">${dayTime(data.times[k ?? data.times.length - 1])}</li></ul>`;
}

/* A table of at most 60 rows: the same numbers, thinned in time, not in precision of what is shown. */
function Table({ data }) {
  const every = Math.ceil(data.times.length / 60);
  const rows = data.times.map((at, i) => i).filter((i) => (data.times.length - 1 - i) % every === 0).reverse();
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${t('traffic')}><table>
    <thead><tr><th scope="col">${t('minute')}</th>${data.list.map((s) => html`<th scope="col" class="num">${nameOf(s)}</th>`)}</tr></thead>
    <tbody>${rows.map((i) => html`<tr><th scope="row">${dayTime(data.times[i])}</th>
      ${data.list.map((s) => html`<td class="num">${number(s.values[i] == null ? null : Math.round(s.values[i]))}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

export function Traffic() {
  const [table, setTable] = useState(false), [hidden, setHidden] = useState(new Set()), [at, setAt] = useState(null);
  const data = columns(range.value, measure.value, MAX);
  const toggle = (name) => setHidden((old) => { const n = new Set(old); n.has(name) ? n.delete(name) : n.add(name); return n; });
  useEffect(() => { loadRange().catch(() => {}); }, [range.value]);
  const tools = html`
    <${Choice} name="measure" label=${t('traffic')} value=${measure.value} options=${[['packets', t('packets')], ['sources', t('sources')]]} onChange=${(v) => put({ measure: v === 'packets' ? null : v })} />
    <${Choice} name="range" label=${t('range')} value=${String(range.value)} options=${[1, 3, 24].map((n) => [String(n), t('range_h', { n })])} onChange=${(v) => put({ range: v + 'h', from: null, to: null })} />
    <${Choice} name="traffic-view" label=${t('show_table')} value=${table ? 'table' : 'chart'} options=${[['chart', t('chart')], ['table', t('table')]]} onChange=${(v) => setTable(v === 'table')} />`;
  const any = data && data.list.some((s) => s.values.some((v) => v != null));
  return html`<${Panel} id="traffic" title=${t('traffic')} note=${t('traffic_help')} tools=${tools} className="traffic">
    ${!any ? html`<p class="empty">${t('no_data')}</p>` : table ? html`<${Table} data=${data} />`
      : html`<${Plot} data=${data} hidden=${hidden} setAt=${setAt} /><${Legend} data=${data} hidden=${hidden} toggle=${toggle} at=${at} />`}
  <//>`;
}
