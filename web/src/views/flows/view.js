/* The rows behind a number: any question in the one query language. */
import { useEffect, useState } from 'preact/hooks';
import { html } from '../../dom.js';
import { addTexts, dayTime, number, seconds, t } from '../../i18n.js';
import { ask, useList } from '../../api.js';
import { Chips, Export, Host, Land, Load, Network, Port, Table } from '../../parts.js';
import { Packets } from '../../packets.js';
import { param, put } from '../../router.js';
import { span } from '../../time.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

const PROTO = { 6: 'tcp', 17: 'udp' };
/* A question that names its own time asks for that. */
const timed = (q) => /(^|\s)(from|to)=/.test(q);

export default function FlowRows() {
  const q = param('q') || '', [text, setText] = useState(q);
  useEffect(() => setText(q), [q]);
  const when = span();
  const path = when && ask('/flows', { ...(timed(q) ? {} : { from: when.from, to: when.to }), q, country: param('country'), asn: param('asn'), port: param('port'), sensor: param('sensor'), limit: 100 });
  const of = useList(path);
  const words = when && [q, !timed(q) && `from=${when.from}`, !timed(q) && when.to && `to=${when.to}`, ...['country', 'asn', 'port', 'sensor'].map((k) => param(k) && `${k}=${param(k)}`)].filter(Boolean).join(' ');
  const submit = (e) => { e.preventDefault(); put({ q: text.trim() || null }, true); };
  return html`<form class="question" onSubmit=${submit}><label class="sr" for="q">${t('flows_question')}</label>
      <input id="q" class="mono" value=${text} placeholder="port=1433/tcp country=MM marks=zmap" spellcheck=${false} autocomplete="off" maxlength="1000" onInput=${(e) => setText(e.target.value)} />
      <button type="submit" class="strong small">${t('flows_ask')}</button></form>
    <p class="fine row">${t('flows_hint')} <span class="end"><${Export} path=${path} /></span></p>
    <section class="panel" aria-label=${t('flows_rows')}><${Load} of=${of}>${(v, rows) => html`<${Table} long label=${t('flows_rows')} rows=${rows} by=${(r, i) => `${r.first} ${r.src} ${i}`} columns=${[
      { head: t('flows_time'), of: (r) => html`<span class="nowrap">${dayTime(seconds(r.first))}</span>` },
      { head: t('flows_sensor'), more: true, of: (r) => r.sensor },
      { head: t('flows_sender'), of: (r) => html`<${Host} ip=${r.src} />${r.victim ? html`<br /><small>${t('flows_answers')}</small>` : null}` },
      { head: t('country'), more: true, of: (r) => html`<${Land} code=${r.country} />` },
      { head: t('network'), more: true, of: (r) => html`<${Network} asn=${r.asn} />` },
      { head: t('flows_to'), of: (r) => html`${PROTO[r.proto] ? html`<${Port} port=${`${r.dport}/${PROTO[r.proto]}`} />` : r.proto === 1 || r.proto === 58 ? 'ICMP' : t('flows_proto', { n: r.proto })}` },
      { head: t('packets'), num: true, of: (r) => number(r.packets) },
      { head: t('flows_bytes'), num: true, more: true, of: (r) => number(r.bytes) },
      { head: t('flows_marks'), more: true, of: (r) => html`<${Chips} list=${[...new Set([r.tool, r.survey, ...(r.marks || '').split(',')].filter(Boolean))]} />` },
    ]} />`}<//></section>
    ${words && html`<${Packets} q=${words} />`}`;
}
