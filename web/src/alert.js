/* One alert with all it rests on: alert, findings, flows or hits; and what people decided about it. */
import { useEffect, useState } from 'preact/hooks';
import { Severity, html } from './dom.js';
import { country, dayTime, duration, number, seconds, t, unit } from './i18n.js';
import { get } from './api.js';
import { sevWord } from './alerts.js';
import { Decisions } from './decisions.js';
import { Deliveries } from './deliveries.js';
import { Copy } from './form.js';
import { Chips, Flows, HitsLink, Host, Land, Network, Port, Text } from './parts.js';
import { about } from './router.js';
import { may } from './session.js';
import { isOpen, status } from './state.js';
import { InItsWords, Sentence } from './said.js';
import { ofHoneypots, timesUsual, titleOf, valueOf } from './words.js';

function Row({ name, children }) {
  return html`<div><dt>${name}</dt><dd>${children}</dd></div>`;
}

/* Findings, hits and flows can be asked for: there is a store, and the reader's role may. */
const reads = () => status.value?.history && may('analyst');

/* Seen against usual, to scale. */
function Compare({ a }) {
  if (!(a.value > 0)) return null;
  const max = Math.max(a.value, a.baseline || 0), times = timesUsual(a);
  const bar = (v, cls) => html`<svg class=${'compare-bar ' + cls} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="bar-back" width="100" height="6" /><rect width=${(100 * v) / max} height="6" /></svg>`;
  return html`<div class="compare">
    <div><span>${t('value')}</span><b>${valueOf(a)}</b></div>${bar(a.value, 'seen')}
    ${!ofHoneypots(a) && html`<div><span>${t('baseline')}</span><b>${number(a.baseline)} ${unit(a.unit)}</b></div>${bar(a.baseline || 0, 'usual')}`}
    ${times && html`<p class="times">${t('times_usual', { n: times })}</p>`}
  </div>`;
}

function Findings({ list }) {
  if (!reads()) return html`<p class="note">${t(status.value?.history ? 'analyst_only' : 'history_none')}</p>`;
  if (list && list.length === 0) return html`<p class="note">${t('findings_none')}</p>`;
  return html`<ol class="findings">${(list || []).slice(0, 8).map((f) => html`<li key=${f.id}>
    <span class="when">${dayTime(seconds(f.at))}</span> <a class="plain-link" href=${about(f.id)}><${Sentence} of=${f} /></a>
    <small class="mono">${t('finding_by', { engine: f.engine, version: f.engine_version, settings: String(f.settings).slice(0, 8), seed: f.seed })}</small></li>`)}</ol>`;
}

/* What the honeypots were asked: the newest hits of the very question that the alert names. */
function Hits({ list }) {
  if (!reads()) return html`<p class="note">${t(status.value?.history ? 'analyst_only' : 'history_none')}</p>`;
  if (list && list.length === 0) return html`<p class="note">${t('hits_none')}</p>`;
  return html`<ol class="findings hits">${(list || []).map((h) => html`<li key=${h.id}>
    <span class="when">${dayTime(seconds(h.to))}</span> ${t('hit_line', { n: number(h.packets), vector: h.vector, sensor: h.sensor })}
    ${h.names?.length ? html`<small class="mono"><${Text} v=${h.names[0].replace(/^\d+ /, '')} /></small>` : null}</li>`)}</ol>`;
}

/* "what=hits victim=..." is a question that names what it asks for; else it asks for flows. */
function question(full) {
  const flows = full?.flows || '';
  const [, what, words] = flows.match(/^what=(\w+) (.*)$/) || [, 'flows', flows];
  return { flows, what, words };
}

function Evidence({ a, full, findings, hits }) {
  const { flows, what, words } = question(full), isHits = what === 'hits';
  return html`<h3>${t('evidence')}</h3>
    <ol class="chain">
      <li><h4>${t('step_alert')}</h4><p><code>${a.id}</code><br />${t('step_alert_text', { r: number(a.revision), n: number(full?.finding_count ?? 0) })}</p></li>
      <li><h4>${t('step_findings')}</h4><${Findings} list=${findings} /></li>
      <li><h4>${t(isHits ? 'step_hits' : 'step_flows')}</h4><p>${t(isHits ? 'step_hits_text' : 'step_flows_text')}</p>
        ${isHits && html`<${Hits} list=${hits} />`}
        ${flows && html`<pre class="query"><code><${Text} v=${flows} /></code></pre><p class="row"><${Copy} text=${flows} />
          ${reads() && html`${isHits ? html`<${HitsLink} of=${Object.fromEntries(words.split(' ').map((w) => w.split('=')))}>${t('open_hits')}<//>` : html`<${Flows} q=${words}>${t('open_flows')}<//>`}
            <a href=${`/api/v1/query?what=${what}&format=csv&q=` + encodeURIComponent(words)} download="practice.csv">${t(isHits ? 'open_hits' : 'open_flows')} (CSV)</a>`}</p>`}</li>
    </ol>
    ${status.value?.history && html`<p class="row"><a href=${about(a.id)}>${t('about_alert')}</a></p>`}
    <p class="row"><span>${t('explain')}:</span> <code>practice explain ${a.id}</code> <${Copy} text=${'practice explain ' + a.id} /></p>`;
}

export function AlertContent({ a, page }) {
  const [full, setFull] = useState(null), [findings, setFindings] = useState(null), [hits, setHits] = useState(null);
  useEffect(() => {
    let gone = false;
    get('/alerts/' + encodeURIComponent(a.id)).then((v) => { if (!gone) setFull(v); }, () => {});
    if (reads())
      get('/findings?limit=8&key=' + encodeURIComponent(a.key)).then((v) => { if (!gone) setFindings(v.rows); }, () => { if (!gone) setFindings([]); });
    return () => { gone = true; };
  }, [a.id, a.revision]);
  useEffect(() => {
    let gone = false;
    const { what, words } = question(full);
    if (what === 'hits' && reads())
      get('/query?what=hits&limit=6&q=' + encodeURIComponent(words)).then((v) => { if (!gone) setHits(v.rows); }, () => { if (!gone) setHits([]); });
    return () => { gone = true; };
  }, [full?.flows]);
  const hosts = full?.hosts || [], asked = question(full);
  const said = { ...a, facts: full?.facts };
  return html`<div class="halves"><div>
    <p class="alert-top"><${Severity} level=${a.severity} /><b class=${'sev-text sev-' + a.severity}>${sevWord(a.severity)}</b>
      <span class=${'state state-' + a.state}>${t('state_' + a.state)}</span> <span class="tlp" translate=${false}>${a.tlp}</span></p>
    ${page ? html`<h2 class="sr">${t('alert_details')}</h2>` : html`<h2 id="drawer-title"><${Text} v=${titleOf(a)} /></h2>`}
    <p class="lead"><${Sentence} of=${said} /></p><${InItsWords} of=${said} />
    <${Compare} a=${a} />
    <dl class="facts">
      <${Row} name=${t('began')}>${dayTime(seconds(a.from))}<//>
      <${Row} name=${t('opened')}>${dayTime(seconds(a.opened))}<//>
      <${Row} name=${t('closed')}>${isOpen(a) ? t('still_open') : `${dayTime(seconds(a.closed))} (${t('lasted', { d: duration(seconds(a.closed) - seconds(a.from)) })})`}<//>
      ${a.country && html`<${Row} name=${t('country')}><${Land} code=${a.country} /><//>`}
      ${a.asn ? html`<${Row} name=${t('network')}><${Network} asn=${a.asn} /><//>` : null}
      <${Row} name=${t('sensors')}><${Chips} list=${a.sensors} max=${24} /><//>
      ${a.ports?.length ? html`<${Row} name=${t('ports_list')}>${a.ports.map((x) => html`<span class="chip"><${Port} port=${x} plain /></span>`)}<//>` : null}
      ${full?.engines?.length ? html`<${Row} name=${t('engines')}>${full.engines.join(', ')}<//>` : null}
      <${Row} name=${t('packets')}>${asked.flows && asked.what === 'flows' ? html`<${Flows} q=${asked.words}>${number(a.packets)}<//>` : number(a.packets)}<//>
      <${Row} name=${t(a.kind === 'drdos' ? 'victim' : 'hosts')}>${t('hosts_more', { n: number(a.host_count) })}
        ${hosts.length > 0 && html`<div class="hosts">${hosts.slice(0, 24).map((x) => html`<span class="chip"><${Host} ip=${x} /></span>`)}</div>`}<//>
    </dl>
    </div><div><${Decisions} id=${a.id} />
    <h3>${t('told_title')}</h3><${Deliveries} of="alert" id=${a.id} kind=${a.kind} />
    <${Evidence} a=${a} full=${full} findings=${findings} hits=${hits} /></div></div>`;
}

