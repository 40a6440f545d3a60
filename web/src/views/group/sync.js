/* The synchrony picture: a row a host, a column a step, above it how many hosts are active at once. Who
 * moves together stands in columns. On a canvas, with the same numbers as a table. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Choice, Panel, html } from '../../dom.js';
import { country, dayTime, duration, hhmm, lang, number, seconds, t, zone } from '../../i18n.js';
import { ROUND } from '../../heat.js';
import { Empty } from '../../parts.js';
import { css, useTheme, useWidth } from '../../plot.js';
import { about, go } from '../../router.js';
import { may } from '../../session.js';

const COLUMNS = 360, TOP = 56, AXIS = 20, STEPS = 6;
const tall = (n) => (n <= 36 ? 15 : n <= 80 ? 9 : n <= 140 ? 5 : 3);

/* Steps folded so that a column is at least a pixel or two; empty edges stay: they are part of the picture. */
function grid(v, order) {
  const step = v.step_s || 60, from = seconds(v.span.from), all = Math.max(1, Math.ceil((seconds(v.span.to) - from) / step));
  const fold = Math.ceil(all / COLUMNS), n = Math.ceil(all / fold), lines = [...v.lines].sort(order), count = Array(n).fill(0);
  const rows = lines.map((l) => {
    const values = new Map();
    for (const [k, p] of l.steps) { const x = Math.min(n - 1, Math.floor(k / fold)); values.set(x, (values.get(x) || 0) + p); }
    for (const x of values.keys()) count[x]++;
    return { line: l, values };
  });
  return { rows, count, n, from, step: step * fold, most: Math.max(1, ...rows.flatMap((r) => [...r.values.values()])), peak: Math.max(1, ...count) };
}

const shade = (p, most) => Math.max(1, Math.min(STEPS, 1 + Math.floor((STEPS * Math.log1p(p)) / (Math.log1p(most) + 1e-9))));
function draw(canvas, width, g, side, h) {
  const ratio = devicePixelRatio || 1, high = TOP + g.rows.length * h + AXIS, w = (width - side) / g.n, c = canvas.getContext('2d');
  canvas.width = width * ratio;
  canvas.height = high * ratio;
  c.scale(ratio, ratio);
  const colors = Array.from({ length: STEPS }, (_, i) => css(`--r${i + 1}`)), ink = css('--ink-2');
  c.fillStyle = css('--raised');
  c.fillRect(side, TOP, width - side, g.rows.length * h);
  c.fillStyle = css('--accent');
  g.count.forEach((k, x) => { if (k) c.fillRect(side + x * w, TOP - 4 - (k / g.peak) * (TOP - 18), Math.max(1, w - (w > 4 ? 1 : 0)), (k / g.peak) * (TOP - 18)); });
  c.font = `11px ${css('--font')}`;
  c.textBaseline = 'middle';
  g.rows.forEach((r, y) => {
    for (const [x, p] of r.values) {
      c.fillStyle = colors[shade(p, g.most) - 1];
      c.fillRect(side + x * w, TOP + y * h, Math.max(1, w - (w > 4 ? 1 : 0)), h - (h > 4 ? 1 : 0));
    }
  });
  c.fillStyle = ink;
  if (side) {
    c.textAlign = 'right';
    g.rows.forEach((r, y) => c.fillText(r.line.host, side - 8, TOP + y * h + h / 2, side - 8));
    c.fillText(t('sync_at_once', { n: number(g.peak) }), side - 8, 18, side - 8);
  }
  c.textAlign = 'left';
  const every = ROUND.find((r) => (r / g.step) * w >= 84) || ROUND[ROUND.length - 1];
  for (let at = Math.ceil(g.from / every) * every, end = -1; at < g.from + g.n * g.step; at += every) {
    const x = side + ((at - g.from) / g.step) * w, text = end < 0 || hhmm(at) === '00:00' ? dayTime(at) : hhmm(at);
    if (x < end || x + c.measureText(text).width > width) continue;
    c.fillRect(x, high - AXIS, 1, 4);
    c.fillText(text, x, high - AXIS / 2 + 2);
    end = x + c.measureText(text).width + 12;
  }
}

function Picture({ v, order, by }) {
  const [box, width] = useWidth(), canvas = useRef(), look = useTheme(), [over, setOver] = useState(null);
  const g = useMemo(() => grid(v, order), [v, by]), h = tall(g.rows.length), side = h >= 15 && width > 560 ? 126 : 0;
  useEffect(() => { if (width > 20) draw(canvas.current, width, g, side, h); }, [g, width, look, lang.value, zone.value]);
  const find = (e) => {
    const r = canvas.current.getBoundingClientRect(), y = Math.floor((e.clientY - r.top - TOP) / h), x = Math.floor(((e.clientX - r.left - side) / (r.width - side)) * g.n);
    return x >= 0 && x < g.n && y < g.rows.length ? { x, row: y >= 0 ? g.rows[y] : null } : null;
  };
  const say = (o) => {
    const at = dayTime(g.from + o.x * g.step), p = o.row?.values.get(o.x);
    return o.row ? `${o.row.line.host}${o.row.line.country ? `, ${country(o.row.line.country)}` : ''} · ${at}: ${p ? `${number(p)} ${t('unit_packets')}` : t('sync_silent')}` : `${at}: ${t('sync_active', { n: number(g.count[o.x]), m: number(g.rows.length) })}`;
  };
  const open = (e) => { const o = find(e); if (o?.row && may('analyst')) go(about(o.row.line.host)); };
  return html`<figure class="sync"><div ref=${box}><canvas ref=${canvas} class="sync-canvas" role="img" aria-label=${t('sync_label', { n: number(g.rows.length), k: number(g.peak), at: dayTime(g.from + g.count.indexOf(g.peak) * g.step) })}
      onPointerMove=${(e) => setOver(find(e))} onPointerLeave=${() => setOver(null)} onClick=${open}></canvas></div>
    <figcaption><span>${t('sync_peak', { k: number(g.peak), m: number(g.rows.length), at: dayTime(g.from + g.count.indexOf(g.peak) * g.step) })}</span><span class="over" aria-hidden="true">${over ? say(over) : ''}</span></figcaption></figure>`;
}

/* How many are active at once, step by step: the picture's columns as numbers. */
function Columns({ v, order }) {
  const g = useMemo(() => grid(v, order), [v]);
  const rows = g.count.map((k, x) => [g.from + x * g.step, k, g.rows.reduce((a, r) => a + (r.values.get(x) || 0), 0)]).filter(([, k]) => k);
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${t('sync_title')}><table><thead><tr><th scope="col">${t('minute')}</th><th scope="col" class="num">${t('sync_hosts')}</th><th scope="col" class="num">${t('sync_part')}</th><th scope="col" class="num">${t('packets')}</th></tr></thead>
    <tbody>${rows.map(([at, k, p]) => html`<tr key=${at}><th scope="row">${dayTime(at)}</th><td class="num">${number(k)}</td><td class="num">${Math.round((100 * k) / g.rows.length)} %</td><td class="num">${number(p)}</td></tr>`)}</tbody></table></div>`;
}

export function Synchrony({ v, order, by, setBy, orders }) {
  const [table, setTable] = useState(false);
  const tools = html`<${Choice} name="sync-order" label=${t('group_order')} value=${by} onChange=${setBy} options=${orders.map((k) => [k, t('order_' + k)])} />
    <${Choice} name="sync-view" label=${t('show_table')} value=${table ? 'table' : 'chart'} options=${[['chart', t('chart')], ['table', t('table')]]} onChange=${(x) => setTable(x === 'table')} />`;
  return html`<${Panel} id="sync" title=${t('sync_title')} note=${t('sync_note', { d: duration(v.step_s) })} tools=${v.lines.length > 0 && tools} className="wide-12">
    ${!v.lines.length ? html`<${Empty} text=${t('group_members_none')} />` : table ? html`<${Columns} v=${v} order=${order} />` : html`<${Picture} v=${v} order=${order} by=${by} />`}<//>`;
}
