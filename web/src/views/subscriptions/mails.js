/* Addresses: told nothing before the code that was sent to them has come back. */
import { useState } from 'preact/hooks';
import { Panel, html } from '../../dom.js';
import { lang, t } from '../../i18n.js';
import { post } from '../../api.js';
import { Field, Said, useDoing } from '../../form.js';
import { Empty, Table, Text, Time } from '../../parts.js';

function Code({ m, again }) {
  const [code, setCode] = useState(''), [run, busy, said] = useDoing();
  const give = (e) => { e.preventDefault(); run(post('/mails/confirm', { address: m.address, code: code.trim().toUpperCase() }), again); };
  return html`<form class="decide" onSubmit=${give}><${Field} label=${t('sub_code')}><input name="code" value=${code} required maxlength="12" autocomplete="one-time-code" autocapitalize="characters" onInput=${(e) => setCode(e.target.value)} /><//>
    <button type="submit" class="strong small" disabled=${busy}>${t('sub_confirm')} <span class="sr"><${Text} v=${m.address} /></span></button></form><${Said} said=${said} />`;
}

export function Mails({ mails, again }) {
  const [address, setAddress] = useState(''), [run, busy, said] = useDoing();
  const ask = (e) => { e.preventDefault(); run(post('/mails', { address: address.trim(), language: lang.value }), () => { setAddress(''); again(); }); };
  return html`<${Panel} id="sub-mails" title=${t('sub_mails')} note=${t('sub_mails_note')} className="wide-12">
    ${mails.length === 0 ? html`<${Empty} text=${t('sub_mails_none')} />` : html`<${Table} label=${t('sub_mails')} rows=${mails} by=${(m) => m.address} columns=${[
      { head: t('sub_address'), of: (m) => html`<span class="mono"><${Text} v=${m.address} /></span>` },
      { head: t('sub_state'), of: (m) => (m.confirmed ? html`<b class="good">${t('sub_confirmed')}</b> <small><${Time} at=${m.confirmed} /></small>` : html`${t('sub_code_sent')} <small><${Time} at=${m.sent} /></small>`) },
      { head: t('sub_do'), of: (m) => (m.confirmed ? html`<button type="button" class="plain small" onClick=${() => run(post('/mails/end', { address: m.address }), again)}>${t('sub_forget')} <span class="sr"><${Text} v=${m.address} /></span></button>` : html`<${Code} m=${m} again=${again} />`) }]} />`}
    <form class="decide" onSubmit=${ask}><${Field} label=${t('sub_address')} grow><input name="address" type="email" value=${address} required maxlength="120" placeholder="noc@isp.example" onInput=${(e) => setAddress(e.target.value)} /><//>
      <button type="submit" class="strong small" disabled=${busy}>${t('sub_send_code')}</button></form><${Said} said=${said} /><//>`;
}
