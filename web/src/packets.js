/* Packets that were kept as they came: what stands in them, byte by byte, and as a capture file for a reason. All of
 * it was written by strangers: it is shown as text and nothing else. */
import { useState } from 'preact/hooks';
import { Panel, html } from './dom.js';
import { dayTime, number, seconds, t } from './i18n.js';
import { ask, postFile, useList } from './api.js';
import { Field, Said, useDoing } from './form.js';
import { Empty, Fold, Host, Load, Port, Table, Text } from './parts.js';
import { may } from './session.js';

const PROTO = { 6: 'tcp', 17: 'udp' };
const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];
const ICMP = new Set([1, 58]);
const TEXT = 96; /* letters of a payload in a line */

const octets = (hex) => (hex.match(/../g) || []).map((x) => parseInt(x, 16));
const letter = (b) => (b > 31 && b < 127 ? String.fromCharCode(b) : '.');
const letters = (list) => list.map(letter).join('');

/* "SYN, TTL 52" and the payload's letters. */
function line(p, bytes) {
  const flags = p.proto === 6 ? FLAGS.filter((_, i) => p.tcp_flags >> i & 1).join(' ') || t('pk_no_flags') : ICMP.has(p.proto) ? `ICMP ${p.sport}/${p.dport}` : '';
  const head = [flags, p.ttl ? `TTL ${p.ttl}` : ''].filter(Boolean).join(', ');
  const load = bytes.slice(p.head);
  return html`${head}${load.length > 0 && html`<br /><code class="payload"><${Text} v=${letters(load.slice(0, TEXT)) + (load.length > TEXT ? '…' : '')} /></code>`}`;
}

const hex = (n, w) => n.toString(16).padStart(w, '0');
function dump(bytes) {
  const rows = [];
  for (let i = 0; i < bytes.length; i += 16) {
    const part = bytes.slice(i, i + 16);
    rows.push(`${hex(i, 4)}  ${part.map((b) => hex(b, 2)).join(' ').padEnd(47)}  ${letters(part)}`);
  }
  return rows.join('\n');
}

function Bytes({ p, bytes }) {
  const cut = p.len - bytes.length;
  return html`<${Fold} summary=${t('pk_bytes', { n: number(bytes.length) })}>${() => html`
    <pre class="dump" tabindex="0" role="group" aria-label=${t('pk_bytes_of', { who: p.src, when: dayTime(seconds(p.at)) })} translate="no">${dump(bytes)}</pre>
    <p class="fine">${t(p.layer === 'payload' ? 'pk_layer_payload' : 'pk_layer_ip')} ${p.masked && p.layer !== 'payload' ? t('pk_masked') : ''} ${cut > 0 ? t('pk_cut', { n: number(cut) }) : ''}</p>`}<//>`;
}

const COLUMNS = () => [
  { head: t('pk_time'), of: (p) => html`<span class="nowrap">${dayTime(seconds(p.at))}</span>` },
  { head: t('pk_sensor'), of: (p) => html`<${Text} v=${p.sensor} />` },
  { head: t('pk_sender'), of: (p) => html`<${Host} ip=${p.src} />` },
  { head: t('port'), of: (p) => (PROTO[p.proto] ? html`<${Port} port=${`${p.dport}/${PROTO[p.proto]}`} />` : ICMP.has(p.proto) ? 'ICMP' : String(p.proto)) },
  { head: t('pk_length'), num: true, of: (p) => number(p.len) },
  { head: t('pk_alike'), num: true, of: (p) => number(p.seen) },
  { head: t('pk_says'), of: (p) => { const b = octets(p.bytes); return html`<div class="says">${line(p, b)}<${Bytes} p=${p} bytes=${b} /></div>`; } },
];

/* The browser keeps what it was given as a file. */
function save(blob) {
  const a = document.createElement('a'), url = URL.createObjectURL(blob);
  a.href = url;
  a.download = 'practice.pcap';
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function Download({ q }) {
  const [run, busy, said] = useDoing(), [why, setWhy] = useState(''), [cut, setCut] = useState(false);
  const submit = (e) => {
    e.preventDefault();
    run(postFile('/packets/pcap', { q, reason: why.trim() }), (f) => { setCut(f.truncated); save(f.blob); });
  };
  return html`<form class="decide" onSubmit=${submit}>
    <${Field} label=${t('pk_reason')} hint=${t('pk_reason_hint')} grow><input value=${why} maxlength="160" required pattern=".*\\S.*" autocomplete="off" onInput=${(e) => setWhy(e.target.value)} /><//>
    <button type="submit" class="plain small" disabled=${busy}>${t('pk_download')}</button><${Said} said=${said} />
    ${cut && html`<p class="note" role="status">${t('truncated')}</p>`}</form>`;
}

const UNKNOWN = /(^|\s)(what|marks|dst|limit|order|id|state|key|by|step)=/;

/* q: words of the query language. Packets do not know all that flows do: then there is nothing to show. */
export function Packets({ q }) {
  const words = q.trim(), known = may('analyst') && !UNKNOWN.test(words);
  const of = useList(known && ask('/packets', { q: words, limit: 25 }));
  if (!known) return null;
  return html`<${Panel} id="packets" title=${t('pk_title')} note=${t('pk_note')} className="wide-12">
    <${Load} of=${of} empty=${html`<${Empty} text=${t('pk_none')} hint=${t('pk_none_hint')} />`}>${(v, rows) => html`
      <${Table} label=${t('pk_title')} rows=${rows} by=${(p) => p.id} columns=${COLUMNS()} /><${Download} key=${words} q=${words} />`}<//><//>`;
}
