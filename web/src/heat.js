/* Rows of numbers over time as a picture: dark is much. Drawn on a canvas (thousands of cells); rows have
 * their names beside it as text, and where the pointer is, the number is said. A table beside it says the same. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from './dom.js';
import { dayTime, hhmm, lang, number, short, t, zone } from './i18n.js';
import { css, useTheme, useWidth } from './plot.js';
import { go } from './router.js';
import { scale } from './scale.js';

const AXIS = 20, TALL = 24;
export const ROUND = [60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800]; /* between marks of a time axis */
const colors = () => Array.from({ length: 6 }, (_, i) => css(`--r${i + 1}`));

function draw(canvas, width, { rows, times }, s) {
  const ratio = devicePixelRatio || 1, height = rows.length * TALL, n = times.length, c = colors();
  canvas.width = width * ratio;
  canvas.height = (height + AXIS) * ratio;
  const g = canvas.getContext('2d');
  g.scale(ratio, ratio);
  g.fillStyle = css('--raised');
  g.fillRect(0, 0, width, height);
  const gap = width / n > 6 ? 1 : 0, w = Math.max(1, width / n - gap);
  rows.forEach((r, y) => r.values.forEach((v, x) => {
    if (!(v > 0)) return;
    g.fillStyle = c[s.step(v) - 1];
    g.fillRect((x * width) / n, y * TALL, w, TALL - 1);
  }));
  g.fillStyle = css('--ink-2');
  g.font = `11px ${css('--font')}`;
  g.textBaseline = 'top';
  const step = n > 1 ? times[1] - times[0] : 60, every = ROUND.find((r) => (r / step) * (width / n) >= 70) || ROUND[ROUND.length - 1];
  for (let at = Math.ceil(times[0] / every) * every, end = -1; at < times[0] + n * step; at += every) {
    const x = ((at - times[0]) / step) * (width / n), text = end < 0 || hhmm(at) === '00:00' ? dayTime(at) : hhmm(at);
    if (x < end || x + g.measureText(text).width > width) continue;
    g.fillText(text, x, height + 5);
    end = x + g.measureText(text).width + 12;
  }
}

/* data: {times: seconds, rows: [{key, name, values}]}; head(row): how its name is shown, maybe as a link: so a row is as high as those must be; value(v): in words;
 * to(row, i): where its number leads, or null. */
export function Heat({ data, label, head = (r) => r.name, value = number, legend, to }) {
  const [box, width] = useWidth(), canvas = useRef(), look = useTheme(), [over, setOver] = useState(null);
  const s = scale(data.rows.flatMap((r) => r.values.filter((v) => v > 0)));
  useEffect(() => { if (width > 20 && data.times.length) draw(canvas.current, width, data, s); }, [data, width, look, lang.value, zone.value]);
  const move = (e) => {
    const r = canvas.current.getBoundingClientRect(), y = Math.floor((e.clientY - r.top) / TALL), x = Math.floor(((e.clientX - r.left) / r.width) * data.times.length);
    setOver(data.rows[y] && x >= 0 && x < data.times.length ? [y, x] : null);
  };
  const open = () => { const url = at && to?.(data.rows[at[0]], at[1]); if (url) go(url); }; /* by keyboard: the table */
  const at = over && data.rows[over[0]] && data.times[over[1]] != null ? over : null;
  return html`<figure class="heat" aria-label=${label}>
    <div class="heat-body"><ol class="heat-names">${data.rows.map((r) => html`<li key=${r.key ?? r.name}>${head(r)}</li>`)}</ol>
      <div class="heat-box" ref=${box}><canvas ref=${canvas} aria-hidden="true" onPointerMove=${move} onPointerLeave=${() => setOver(null)} onClick=${open}></canvas></div></div>
    <figcaption><span class="ramp" aria-hidden="true"><span class="ramp-name">${legend}</span>${[0, ...s.edges].map((e, i) => html`<span class="swatch"><svg width="18" height="12"><rect width="18" height="12" rx="2" class=${'r' + (i + 1)} /></svg>${i === 0 ? '<' + short(s.edges[0] ?? 2) : short(e)}</span>`)}</span>
      <span class="over" aria-hidden="true">${at ? `${data.rows[at[0]].name} · ${dayTime(data.times[at[1]])}: ${value(data.rows[at[0]].values[at[1]] ?? 0)}` : t('heat_hint')}</span></figcaption>
  </figure>`;
}

/* All of its numbers. */
export function HeatTable({ data, label, corner, to }) {
  const cell = (r, v, i) => { const url = v && to?.(r, i); return url ? html`<a href=${url}>${number(v)}</a>` : v ? number(v) : ''; };
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${label}><table class="grid-table">
    <thead><tr><th scope="col">${corner}</th>${data.times.map((at) => html`<th scope="col" class="num">${dayTime(at)}</th>`)}</tr></thead>
    <tbody>${data.rows.map((r) => html`<tr key=${r.key ?? r.name}><th scope="row">${r.name}</th>${r.values.map((v, i) => html`<td class="num">${cell(r, v, i)}</td>`)}</tr>`)}</tbody></table></div>`;
}
