/* What engines claim as they claim it, whether or not it has become an alert: the newest word of each story. Attacks
 * have a list of their own, labels of senders (noise) are for the flows. */
import { useMemo } from 'preact/hooks';
import { Panel, html } from '../../dom.js';
import { dayTime, seconds, t } from '../../i18n.js';
import { ask, useKept } from '../../api.js';
import { Empty, Level, Network, Place, Text } from '../../parts.js';
import { about } from '../../router.js';
import { may } from '../../session.js';
import { RANKS, eventTime, findings, status } from '../../state.js';
import { iso } from '../../time.js';
import { Sentence } from '../../said.js';

const DAY = 86400, SHOWN = 8;

function newest(kept, live) {
  const by = new Map();
  for (const f of [...kept, ...live.values()]) if (!(by.get(f.key)?.at > f.at)) by.set(f.key, f);
  return [...by.values()].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : a.key < b.key ? -1 : 1)).slice(0, SHOWN);
}

const Where = ({ f }) => (f.country ? html`<${Place} code=${f.country} />` : f.asn ? html`<${Network} asn=${f.asn} />` : html`<span class="mono"><${Text} v=${(f.key || '').replace(/^[a-z]+:/, '')} /></span>`);

export function Findings() {
  const heard = eventTime.value, now = useMemo(() => heard, [heard == null]);
  const of = useKept(now && may('analyst') && status.value?.history ? ask('/findings/latest', { from: iso(Math.floor(now) - DAY), limit: SHOWN }) : null);
  if (!may('analyst')) return null;
  const rows = newest(of.value?.rows || [], findings.value);
  return html`<${Panel} id="findings" title=${t('findings_live')} note=${t('findings_live_note')} className="found">
    ${!rows.length ? html`<${Empty} text=${t('findings_live_none')} />` : html`<ol class="stream-list findings-list">${rows.map((f) => html`<li key=${f.key} class=${f.state === 'off' ? '' : 'is-running'}>
      <a class="nowrap" href=${about(f.id)}>${dayTime(seconds(f.at))}</a><${Level} level=${RANKS[Math.min(Math.max(f.level || 1, 1), 5) - 1]} /><span><${Where} f=${f} /> <small class="chip"><${Text} v=${f.kind} /></small></span>
      <span class="sentence"><${Sentence} of=${f} /></span></li>`)}</ol>`}<//>`;
}
