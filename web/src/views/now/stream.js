/* Attacks as they come: honeypots see them start, grow and end. Those of the last day are asked for once, what the
 * portal says of them since comes by itself. */
import { useMemo } from 'preact/hooks';
import { Panel, html } from '../../dom.js';
import { dayTime, number, seconds, t } from '../../i18n.js';
import { ask, useKept } from '../../api.js';
import { Chips, Empty, Place } from '../../parts.js';
import { href } from '../../router.js';
import { attacks, status } from '../../state.js';
import { honeypotNow, iso } from '../../time.js';
import { Lasted, Victim, vectorsOf } from '../attacks/row.js';

const DAY = 86400, SHOWN = 8;

/* The newest revision of each; a part of a bigger one is inside it. */
function newest(kept, live) {
  const by = new Map(kept.map((e) => [e.id, e]));
  for (const e of live.values()) if (!(by.get(e.id)?.revision > e.revision)) by.set(e.id, e);
  return [...by.values()].filter((e) => !by.has(e.parent)).sort((a, b) => (a.from < b.from ? 1 : a.from > b.from ? -1 : a.id < b.id ? -1 : 1)).slice(0, SHOWN);
}

export function Stream() {
  const heard = honeypotNow(), now = useMemo(() => heard, [heard == null]); /* once one has said something */
  const of = useKept(now && status.value?.history ? ask('/attacks', { from: iso(now - DAY), limit: 2 * SHOWN }) : null);
  const rows = newest(of.value?.rows || [], attacks.value);
  return html`<${Panel} id="stream" title=${t('stream')} note=${t('stream_note')} tools=${html`<a href=${href('/attacks')}>${t('stream_all')}</a>`} className="stream">
    ${!rows.length ? html`<${Empty} text=${t('stream_none')} />` : html`<ol class="stream-list">${rows.map((e) => html`<li key=${e.id} class=${e.state === 'end' ? '' : 'is-running'}>
      <a class="nowrap" href=${href('/attacks/' + encodeURIComponent(e.id))}>${dayTime(seconds(e.from))}</a><span><${Victim} e=${e} /> <small><${Place} code=${e.country} /></small></span>
      <${Chips} list=${vectorsOf(e)} max=${2} /><span class="num"><${Lasted} e=${e} /></span><span class="num nowrap">${t('stream_packets', { n: number(e.packets) })}</span></li>`)}</ol>`}<//>`;
}
