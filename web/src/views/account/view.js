/* One's own account: what one may see, API keys, the second factor. */
import { useState } from 'preact/hooks';
import { Panel, html } from '../../dom.js';
import { addTexts, dayTime, seconds, t } from '../../i18n.js';
import { post, useAnswer } from '../../api.js';
import { Empty, Load, Table, Text } from '../../parts.js';
import { me } from '../../session.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

function Who() {
  const m = me.value, fact = (name, v) => html`<div><dt>${name}</dt><dd>${v}</dd></div>`;
  return html`<${Panel} id="acc-who" title=${t('acc_who')} className="wide-6"><dl class="facts">
    ${fact(t('acc_user'), html`<${Text} v=${m.user} />`)}${fact(t('acc_name'), html`<${Text} v=${m.name} />`)}${fact(t('acc_org'), html`<${Text} v=${m.org_title || m.org} />`)}
    ${fact(t('acc_role'), t('role_' + m.role))}${fact(t('acc_scope'), m.scope?.all ? t('scope_all') : html`<span class="mono"><${Text} v=${m.scope?.words} /></span>`)}
    ${fact(t('acc_clearance'), html`<span class="tlp" translate="no">${m.clearance}</span>`)}${fact(t('acc_totp'), t(m.totp ? 'yes' : 'no'))}</dl>
    <p class="note">${t('acc_rights_note')}</p><//>`;
}

/* The key is shown once: the portal keeps its hash only. */
function Keys() {
  const of = useAnswer('/keys'), [label, setLabel] = useState(''), [made, setMade] = useState(null), [said, setSaid] = useState(null);
  const run = (what) => what.then((v) => { setSaid(null); of.again(); return v; }, (e) => { setSaid(e.said?.text || t('trouble_failed')); });
  const make = (e) => { e.preventDefault(); run(post('/keys', { label })).then((v) => { if (v) { setMade(v.key); setLabel(''); } }); };
  return html`<${Panel} id="acc-keys" title=${t('acc_keys')} note=${t('acc_keys_note')} className="wide-6">
    ${made && html`<div class="made" role="status"><p><b>${t('acc_key_made')}</b></p><code class="secret">${made}</code><p><button type="button" class="plain small" onClick=${() => navigator.clipboard?.writeText(made)}>${t('copy')}</button></p></div>`}
    <${Load} of=${of} rows=${2} empty=${html`<${Empty} text=${t('acc_keys_none')} />`}>${(v) => html`<${Table} label=${t('acc_keys')} rows=${v.rows} by=${(k) => k.id} columns=${[
      { head: t('acc_label'), of: (k) => html`<${Text} v=${k.label} />` }, { head: t('acc_made'), of: (k) => dayTime(seconds(k.made ?? k.created)) }, { head: t('acc_used'), of: (k) => dayTime(seconds(k.last_used ?? k.used)) },
      { head: t('acc_end'), of: (k) => (k.ended ? t('acc_ended') : html`<button type="button" class="plain small" onClick=${() => run(post(`/keys/${k.id}/end`))}>${t('acc_end')} <span class="sr"><${Text} v=${k.label} /></span></button>`) }]} />`}<//>
    <form class="decide" onSubmit=${make}><label class="field grow">${t('acc_label')}<input value=${label} required maxlength="60" onInput=${(e) => setLabel(e.target.value)} /></label><button type="submit" class="strong small">${t('acc_key_new')}</button></form>
    ${said && html`<p role="alert" class="said" lang="en">${said}</p>`}<//>`;
}

function Totp() {
  const [uri, setUri] = useState(null), [code, setCode] = useState(''), [said, setSaid] = useState(null);
  const secret = uri && new URLSearchParams(uri.split('?')[1]).get('secret');
  const begin = () => post('/me/totp').then((v) => { setUri(v.uri); setSaid(null); }, () => setSaid(t('trouble_failed')));
  const confirm = (e) => { e.preventDefault(); post('/me/totp/confirm', { code }).then(() => { setUri(null); setCode(''); setSaid(t('acc_totp_done')); me.value = { ...me.value, totp: true }; }, () => setSaid(t('acc_totp_wrong'))); };
  return html`<${Panel} id="acc-totp" title=${t('acc_totp')} note=${t('acc_totp_note')} className="wide-6">
    ${!uri ? html`<p><button type="button" class="plain" onClick=${begin}>${t(me.value.totp ? 'acc_totp_again' : 'acc_totp_begin')}</button></p>`
      : html`<p>${t('acc_totp_secret')}</p><code class="secret">${secret}</code><p><a href=${uri}>${t('acc_totp_open')}</a></p>
        <form class="decide" onSubmit=${confirm}><label class="field">${t('acc_code')}<input value=${code} inputmode="numeric" pattern="[0-9]{6}" autocomplete="one-time-code" required onInput=${(e) => setCode(e.target.value)} /></label><button type="submit" class="strong small">${t('acc_totp_confirm')}</button></form>`}
    <p role="status" class="said">${said}</p><//>`;
}

export default function Account() {
  if (!me.value.accounts) return html`<p class="note">${t('acc_none')}</p>`;
  return html`<div class="grid"><${Who} /><${Totp} /><${Keys} /></div>`;
}
