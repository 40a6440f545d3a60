/* Curves over time. uPlot draws on a canvas, which knows no style sheet: it is given the theme's colours
 * and drawn anew when they change. Lines differ by colour and by dashes; a table beside it says the same. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { html } from './dom.js';
import { dayTime, hhmm, lang, number, short, t, theme, zone, zoneName } from './i18n.js';

export const LINES = 6; /* that can be told apart */
export const DASHES = [[], [7, 3], [2, 3], [10, 3, 2, 3], [4, 2], [12, 4]];
const dark = matchMedia('(prefers-color-scheme: dark)');
export const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
/* What canvases must be drawn anew for. */
export function useTheme() {
  const [is, set] = useState(dark.matches);
  useEffect(() => {
    const change = () => set(dark.matches);
    dark.addEventListener('change', change);
    return () => dark.removeEventListener('change', change);
  }, []);
  return theme.value + is;
}
/* [ref, width in whole pixels]: known in the very frame that shows it first, so that nothing is drawn late. */
export function useWidth() {
  const box = useRef(), [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    setWidth(Math.floor(box.current.getBoundingClientRect().width));
    const seen = new ResizeObserver(([e]) => setWidth(Math.floor(e.contentRect.width)));
    seen.observe(box.current);
    return () => seen.disconnect();
  }, []);
  return [box, width];
}

/* Times of which a line knows nothing, hatched in its colour: a row a line, from the top. gaps: [[line, from, to]] */
const HATCH = 8;
function hatch(u, gaps) {
  const g = u.ctx, ratio = devicePixelRatio || 1, h = HATCH * ratio;
  for (const [i, from, to] of gaps) {
    const x0 = Math.max(u.bbox.left, u.valToPos(from, 'x', true)), x1 = Math.min(u.bbox.left + u.bbox.width, u.valToPos(to, 'x', true)), y = u.bbox.top + i * (h + 2 * ratio);
    if (!(x1 > x0)) continue;
    g.save();
    g.beginPath();
    g.rect(x0, y, x1 - x0, h);
    g.clip();
    g.strokeStyle = css(`--series-${(i % LINES) + 1}`);
    g.lineWidth = ratio;
    g.strokeRect(x0, y, x1 - x0, h);
    g.beginPath();
    for (let x = x0 - h; x < x1; x += 5 * ratio) { g.moveTo(x, y + h); g.lineTo(x + h, y); }
    g.stroke();
    g.restore();
  }
}

function options(width, { list, hidden, setAt, height, steps, gaps }) {
  const ink = css('--ink-2'), grid = css('--line');
  const font = `12px ${css('--font')}`;
  return {
    width, height: height ?? (width < 500 ? 200 : innerWidth >= 1600 ? 290 : 250),
    tzDate: (s) => (zoneName.value ? uPlot.tzDate(new Date(s * 1000), zoneName.value) : new Date(s * 1000)),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    padding: [10, 20, 0, 0],
    scales: { x: { time: true }, y: { range: (u, lo, hi) => [0, Math.max(4, (hi || 0) * 1.08)] } },
    axes: [
      { stroke: ink, font, grid: { show: false }, ticks: { stroke: grid, size: 4 }, space: 70, size: 28,
        values: (u, splits) => splits.map((s, i) => (i === 0 || hhmm(s) === '00:00' ? (hhmm(s) === '00:00' ? dayTime(s).replace(/ 00:00$/, '') : hhmm(s)) : hhmm(s))) },
      { stroke: ink, font, grid: { stroke: grid, width: 1 }, ticks: { show: false }, size: 52, values: (u, splits) => splits.map((v) => short(v)) },
    ],
    series: [{}, ...list.map((s, i) => ({
      label: s.name ?? '', stroke: css(`--series-${(i % LINES) + 1}`), width: 2, dash: DASHES[i % DASHES.length], show: !hidden?.has(s.name),
      points: { show: list[0].values.length < 3 }, spanGaps: false, ...(steps ? { paths: uPlot.paths.stepped({ align: 1 }), fill: css('--fill') } : {}),
    }))],
    hooks: { setCursor: [(u) => setAt?.(u.cursor.idx)], draw: [(u) => hatch(u, gaps())] },
  };
}

/* data: {times, list: [{name, values}], gaps}, times in seconds, gaps as hatch() takes them; steps: drawn as steps with what
 * is below filled. */
export function Plot({ data, hidden, setAt, height, steps }) {
  const [box, width] = useWidth(), plot = useRef(), look = useTheme(), gaps = useRef();
  gaps.current = data.gaps || [];
  const shape = [data.list.map((s) => s.name).join(), ...(hidden || []), width, look, lang.value, zone.value, data.step].join();
  /* A step goes on until the next one: so does the last. */
  const n = data.times.length, more = steps && n > 1, end = more ? [2 * data.times[n - 1] - data.times[n - 2]] : [];
  const rows = () => [[...data.times, ...end], ...data.list.map((s) => (more ? [...s.values, s.values[n - 1]] : s.values))];
  useLayoutEffect(() => {
    if (width < 50) return undefined;
    plot.current = new uPlot(options(width, { list: data.list, hidden, setAt, height, steps, gaps: () => gaps.current }), rows(), box.current);
    return () => { plot.current.destroy(); plot.current = null; };
  }, [shape]);
  useEffect(() => { plot.current?.setData(rows()); }, [data]);
  return html`<div class="plot" ref=${box} aria-hidden="true"></div>`;
}

/* The same numbers, at most 60 rows: thinned in time, not in precision of what is shown. */
export function PlotTable({ data, label, name = (s) => s.name }) {
  const every = Math.ceil(data.times.length / 60);
  const rows = data.times.map((at, i) => i).filter((i) => (data.times.length - 1 - i) % every === 0).reverse();
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${label}><table>
    <thead><tr><th scope="col">${t('minute')}</th>${data.list.map((s) => html`<th scope="col" class="num">${name(s)}</th>`)}</tr></thead>
    <tbody>${rows.map((i) => html`<tr><th scope="row">${dayTime(data.times[i])}</th>
      ${data.list.map((s) => html`<td class="num">${number(s.values[i] == null ? null : Math.round(s.values[i]))}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}
