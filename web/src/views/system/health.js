/* What the sensors said of themselves, over time: how late it was when it was said, what was lost, what
 * waited, how wrong the clock was. */
import { useMemo, useState } from 'preact/hooks';
import { Choice, Panel, html } from '../../dom.js';
import { seconds, t } from '../../i18n.js';
import { ask, useAnswer } from '../../api.js';
import { Empty, Export, Load } from '../../parts.js';
import { DASHES, LINES, Plot, PlotTable } from '../../plot.js';
import { param, put } from '../../router.js';
import { eventTime } from '../../state.js';
import { fixed, iso } from '../../time.js';

/* null: the sensor cannot know it (a capture that is played has no clock of its own). */
const OF = {
  lag: (h) => (h.sent ? Math.max(0, seconds(h.sent) - seconds(h.at)) : null),
  lost: (h) => h.lost,
  queue: (h) => h.queue,
  clock: (h) => (h.clock_offset_ns == null ? null : Math.abs(h.clock_offset_ns) / 1e6),
};
const STEP = 60;

function lines(rows, from, to, of) {
  const n = Math.max(1, Math.ceil((to - from) / STEP)), by = new Map();
  for (const h of rows) {
    const i = Math.floor((seconds(h.at) - from - 1) / STEP), value = of(h);
    if (i < 0 || i >= n || value == null) continue;
    if (!by.has(h.sensor)) by.set(h.sensor, Array(n).fill(null));
    const v = by.get(h.sensor);
    v[i] = Math.max(v[i] ?? 0, value);
  }
  /* More sensors than lines that can be told apart: those with the most. */
  const weight = (v) => v.reduce((a, x) => Math.max(a, x ?? 0), 0);
  const list = [...by].map(([name, values]) => ({ name, values })).sort((a, b) => weight(b.values) - weight(a.values)).slice(0, LINES).sort((a, b) => a.name.localeCompare(b.name));
  return { step: STEP, times: Array.from({ length: n }, (_, i) => from + i * STEP), list };
}

export function Health({ v }) {
  const by = OF[param('by')] ? param('by') : 'lag', [table, setTable] = useState(false), f = fixed();
  const now = f?.to || Math.ceil((eventTime.value ?? seconds(v.event_time) ?? 0) / STEP) * STEP, from = f?.from || now - 3 * 3600;
  const path = now ? ask('/query', { what: 'health', from: iso(from), to: iso(now + STEP), limit: 10000 }) : null, of = useAnswer(path);
  const data = useMemo(() => (of.value ? lines(of.value.rows, from, now, OF[by]) : null), [of.value, by]);
  const tools = html`<${Choice} name="health-by" label=${t('sys_health_time')} value=${by} onChange=${(x) => put({ by: x === 'lag' ? null : x })} options=${Object.keys(OF).map((k) => [k, t('health_by_' + k)])} />
    <${Choice} name="health-view" label=${t('show_table')} value=${table ? 'table' : 'chart'} onChange=${(x) => setTable(x === 'table')} options=${[['chart', t('chart')], ['table', t('table')]]} /><${Export} path=${path} />`;
  return html`<${Panel} id="sys-health" title=${t('sys_health_time')} note=${t('health_note_' + by)} tools=${tools} className="wide-8">
    <${Load} of=${of} empty=${html`<${Empty} text=${t('sys_no_health')} />`}>${() => (!data?.list.length ? html`<${Empty} text=${t('sys_unknown_' + (by === 'lag' ? 'lag' : 'other'))} />`
      : table ? html`<${PlotTable} data=${data} label=${t('sys_health_time')} />`
        : html`<${Plot} data=${data} height=${220} /><ul class="legend">${data.list.map((s, i) => html`<li class="legend-name"><svg width="26" height="10" aria-hidden="true"><line x1="1" y1="5" x2="25" y2="5" class=${'stroke-' + (i + 1)} stroke-width="3" stroke-dasharray=${DASHES[i % DASHES.length].join(' ')} /></svg>${s.name}</li>`)}</ul>`)}<//><//>`;
}
