/* Who is told elsewhere of what stands here: one's own subscriptions, the addresses they may write to, and what became
 * of the last messages. */
import { useState } from 'preact/hooks';
import { Panel, html } from '../../dom.js';
import { addTexts, t } from '../../i18n.js';
import { post, useAnswer } from '../../api.js';
import { Copy, Said, useDoing } from '../../form.js';
import { Empty, Load, Table, Text, Time } from '../../parts.js';
import { param, put } from '../../router.js';
import { me } from '../../session.js';
import { FRESH, Form } from './form.js';
import { Mails } from './mails.js';
import { Preview, Test } from './looks.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

/* What is shown once: a secret, or the address of a feed. */
function Shown({ what, close }) {
  return html`<div class="made" role="status"><p><b>${t('sub_once_' + what.kind)}</b></p><code class="secret">${what.text}</code>
    ${what.atom && html`<p class="row"><span>${t('sub_once_atom')}</span> <code class="secret atom">${what.atom}</code> <${Copy} text=${what.atom} /></p>`}
    <p class="row"><${Copy} text=${what.text} /> <button type="button" class="plain small" onClick=${close}>${t('sub_kept')}</button></p></div>`;
}

/* Ended for good: asked twice, the second time in the same place. */
function End({ s, end }) {
  const [sure, setSure] = useState(false), name = html`<span class="sr"><${Text} v=${s.title} /></span>`;
  return sure ? html`<span class="row sure"><button type="button" class="danger" onClick=${end}>${t('sub_end_sure')} ${name}</button><button type="button" class="plain small" onClick=${() => setSure(false)}>${t('sub_keep')}</button></span>`
    : html`<button type="button" class="plain small" onClick=${() => setSure(true)}>${t('sub_end')} ${name}</button>`;
}

function What({ s }) {
  const attacks = s.attacks && [t('sub_attacks'), s.min_packets > 0 && t('sub_from_packets', { n: s.min_packets }), s.min_pps > 0 && t('sub_from_pps', { n: s.min_pps }), s.vectors.join(' ')].filter(Boolean);
  const alerts = s.alerts && [t('sub_alerts'), t('sub_from_severity', { s: t('sev_' + s.severity) }), s.kinds.join(' ')].filter(Boolean);
  return [attacks, alerts].filter(Boolean).map((x) => html`<div><${Text} v=${x.join(' · ')} /></div>`);
}

function Where({ s }) {
  if (!s.mail.length && !s.url && !s.feed) return html`<b class="bad">${t('sub_nowhere')}</b>`;
  return html`${s.mail.map((m) => html`<div><span class="mono"><${Text} v=${m.address} /></span>${!m.confirmed && html` <b class="bad">${t('sub_unconfirmed')}</b>`}</div>`)}
    ${s.url && html`<div class="mono"><${Text} v=${s.url} /></div>`}${s.feed && html`<div>${t('sub_feed')}</div>`}`;
}

const Last = ({ s }) => (s.told.length === 0 ? '–' : s.told.map((x) => html`<div><b class=${x.state === 'taken' ? 'good' : 'bad'}>${t('sub_told_' + x.state)}</b> ${x.way && t('sub_way_' + x.way)} <small><${Time} at=${x.at} /></small>${x.text && html` <small lang="en"><${Text} v=${x.text} /></small>`}</div>`));

function Acts({ s, again, show }) {
  const [run, busy, said] = useDoing(), name = html`<span class="sr"><${Text} v=${s.title} /></span>`;
  const once = (path, kind, text) => run(post(`/subscriptions/${s.id}/${path}`), (v) => { show({ kind, text: text(v), atom: kind === 'feed' && `${location.origin}/api/v1/feed/atom/${v.token}` }); again(); });
  const button = (label, onClick) => html`<button type="button" class="plain small" disabled=${busy} onClick=${onClick}>${t(label)} ${name}</button>`;
  return html`<div class="row acts">${button('sub_edit', () => put({ edit: s.id, look: null }, true))}${button('sub_preview', () => put({ look: s.id, edit: null }, true))}
    <${Test} s=${s} again=${again} />
    ${s.url && button('sub_secret_new', () => once('secret', 'secret', (v) => v.secret))}
    ${button(s.feed ? 'sub_feed_anew' : 'sub_feed_make', () => once('feed', 'feed', (v) => `${location.origin}/api/v1/feed/${v.token}`))}
    ${s.feed && button('sub_feed_end', () => run(post(`/subscriptions/${s.id}/feed/end`), () => { show(null); again(); }))}
    <${End} s=${s} end=${() => run(post(`/subscriptions/${s.id}/end`), again)} /></div><${Said} said=${said} />`;
}

function List() {
  const of = useAnswer('/subscriptions', true), [shown, show] = useState(null);
  const rows = of.value?.rows || [], edit = param('edit'), edited = edit === FRESH ? {} : rows.find((s) => s.id === edit), looked = rows.find((s) => s.id === param('look'));
  const saved = (v) => { if (v.secret) show({ kind: 'secret', text: v.secret }); put({ edit: null }); of.again(); };
  const add = html`<button type="button" class="strong small" onClick=${() => put({ edit: FRESH, look: null }, true)}>${t('sub_add')}</button>`;
  return html`<${Panel} id="subs" title=${t('sub_list')} note=${t('sub_note', { scope: me.value.scope?.all ? t('scope_all') : me.value.scope?.words })} className="wide-12" tools=${add}>
    ${shown && html`<${Shown} what=${shown} close=${() => show(null)} />`}
    ${edited && html`<${Form} key=${edit} start=${edited} saved=${saved} />`}
    <${Load} of=${of} rows=${3} empty=${html`<${Empty} text=${t('sub_none')} hint=${t('sub_none_hint')} />`}>${(v) => html`<${Table} label=${t('sub_list')} rows=${v.rows} by=${(s) => s.id} columns=${[
      { head: t('sub_title'), of: (s) => html`<b class="name"><${Text} v=${s.title} /></b> ${s.state !== 'on' && html`<small>${t('sub_off')}</small>`}` },
      { head: t('sub_what'), of: (s) => html`<${What} s=${s} />` }, { head: t('sub_where'), of: (s) => html`<${Where} s=${s} />` },
      { head: t('sub_last'), of: (s) => html`<${Last} s=${s} />` }, { head: t('sub_do'), of: (s) => html`<${Acts} s=${s} again=${of.again} show=${show} />` }]} />`}<//>
    ${looked && html`<${Preview} s=${looked} />`}<//>
    <${Mails} mails=${of.value?.mails || []} again=${of.again} />`;
}

export default function Subscriptions() {
  if (!me.value.accounts) return html`<p class="note lead-row">${t('sub_no_accounts')}</p>`;
  return html`<div class="grid"><${List} /></div>`;
}
