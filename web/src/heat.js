/* Rows of numbers over time as a picture: dark is much. Drawn on a canvas (thousands of cells); rows have
 * their names beside it as text, and where the pointer is, the number is said. A table beside it says the same. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from './dom.js';
import { dayTime, hhmm, lang, number, short, t, zone } from './i18n.js';
import { css, useTheme, useWidth } from './plot.js';
import { scale } from './scale.js';

const AXIS = 20;
const colors = () => Array.from({ length: 6 }, (_, i) => css(`--r${i + 1}`));

function draw(canvas, width, { rows, times, tall }, s) {
  const ratio = devicePixelRatio || 1, height = rows.length * tall, n = times.length, c = colors();
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
    g.fillRect((x * width) / n, y * tall, w, tall - (tall > 8 ? 1 : 0));
  }));
  g.fillStyle = css('--ink-2');
  g.font = `11px ${css('--font')}`;
  g.textBaseline = 'top';
  const every = Math.ceil(70 / (width / n));
  for (let i = 0; i < n; i += every) {
    const text = i === 0 && n > 1 && times[n - 1] - times[0] > 80000 ? dayTime(times[i]) : hhmm(times[i]) === '00:00' ? dayTime(times[i]).replace(/ 00:00$/, '') : hhmm(times[i]);
    if ((i * width) / n + g.measureText(text).width <= width) g.fillText(text, (i * width) / n, height + 5);
    if (i === 0 && text.length > 6) i += Math.ceil(40 / (width / n));
  }
}

/* data: {times: seconds, rows: [{key, name, values}]}; head(row): how its name is shown; value(v): in words. */
export function Heat({ data, label, head = (r) => r.name, value = number, tall = 24, legend }) {
  const [box, width] = useWidth(), canvas = useRef(), look = useTheme(), [over, setOver] = useState(null);
  const s = scale(data.rows.flatMap((r) => r.values.filter((v) => v > 0)));
  useEffect(() => { if (width > 20 && data.times.length) draw(canvas.current, width, { ...data, tall }, s); }, [data, width, look, lang.value, zone.value]);
  const move = (e) => {
    const r = canvas.current.getBoundingClientRect(), y = Math.floor((e.clientY - r.top) / tall), x = Math.floor(((e.clientX - r.left) / r.width) * data.times.length);
    setOver(data.rows[y] && x >= 0 && x < data.times.length ? [y, x] : null);
  };
  const at = over && data.rows[over[0]] && data.times[over[1]] != null ? over : null;
  return html`<figure class="heat" aria-label=${label}>
    <div class="heat-body"><ol class="heat-names">${data.rows.map((r) => html`<li key=${r.key ?? r.name} class=${'tall-' + tall}>${head(r)}</li>`)}</ol>
      <div class="heat-box" ref=${box}><canvas ref=${canvas} aria-hidden="true" onPointerMove=${move} onPointerLeave=${() => setOver(null)}></canvas></div></div>
    <figcaption><span class="ramp" aria-hidden="true"><span class="ramp-name">${legend}</span>${[0, ...s.edges].map((e, i) => html`<span class="swatch"><svg width="18" height="12"><rect width="18" height="12" rx="2" class=${'r' + (i + 1)} /></svg>${i === 0 ? '<' + short(s.edges[0] ?? 1) : short(e)}</span>`)}</span>
      <span class="over" aria-hidden="true">${at ? `${data.rows[at[0]].name} · ${dayTime(data.times[at[1]])}: ${value(data.rows[at[0]].values[at[1]] ?? 0)}` : t('heat_hint')}</span></figcaption>
  </figure>`;
}

/* All of its numbers. */
export function HeatTable({ data, label, corner }) {
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${label}><table class="grid-table">
    <thead><tr><th scope="col">${corner}</th>${data.times.map((at) => html`<th scope="col" class="num">${dayTime(at)}</th>`)}</tr></thead>
    <tbody>${data.rows.map((r) => html`<tr key=${r.key ?? r.name}><th scope="row">${r.name}</th>${r.values.map((v) => html`<td class="num">${v ? number(v) : ''}</td>`)}</tr>`)}</tbody></table></div>`;
}
