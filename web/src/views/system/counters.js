/* Every counter there is, by room: what is not zero first is what one looks for. */
import { useState } from 'preact/hooks';
import { Choice, Panel, html } from '../../dom.js';
import { number, t } from '../../i18n.js';
import { Empty, Table } from '../../parts.js';
import { bytes } from './kept.js';

const value = (c) => (c.unit === 'bytes' ? bytes(c.value) : `${number(c.value)}${c.unit && c.unit !== '1' ? ` ${c.unit}` : ''}`);
export function Counters({ v }) {
  const [all, setAll] = useState(false), [word, setWord] = useState('');
  const rows = (v.counters || []).filter((c) => (all || c.value > 0) && `${c.room} ${c.name} ${c.help}`.toLowerCase().includes(word.toLowerCase()));
  const tools = html`<label class="field row">${t('sys_find')} <input value=${word} onInput=${(e) => setWord(e.target.value)} /></label>
    <${Choice} name="counters" label=${t('sys_counters')} value=${all ? 'all' : 'some'} onChange=${(x) => setAll(x === 'all')} options=${[['some', t('sys_some')], ['all', t('sys_all', { n: number(v.counters?.length) })]]} />
    <a href="/api/v1/metrics">${t('footer_metrics')}</a>`;
  return html`<${Panel} id="sys-counters" title=${t('sys_counters')} note=${t('sys_counters_note')} tools=${tools} className="wide-12">${!rows.length ? html`<${Empty} text=${t('sys_no_counter')} />` : html`<${Table} long label=${t('sys_counters')} rows=${rows} by=${(c) => c.room + c.name} columns=${[
    { head: t('sys_room'), of: (c) => c.room }, { head: t('sys_counter'), of: (c) => html`<span class="mono">${c.name}</span>` },
    { head: t('sys_value'), num: true, of: value }, { head: t('sys_help'), of: (c) => html`<span lang="en">${c.help}</span>` }]} />`}<//>`;
}
