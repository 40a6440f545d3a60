/* The second factor: a secret for a program that makes codes, in force once it has given one. */
import { useState } from 'preact/hooks';
import { Panel, html } from '../../dom.js';
import { t } from '../../i18n.js';
import { post } from '../../api.js';
import { Copy, Field, Said, useDoing } from '../../form.js';
import { me } from '../../session.js';
import { Proof } from './proof.js';
import { Qr } from './qr.js';

export function Totp() {
  const [uri, setUri] = useState(null), [code, setCode] = useState(''), [proof, setProof] = useState(''), [done, setDone] = useState(false), [run, busy, said] = useDoing();
  const secret = uri && new URLSearchParams(uri.slice(uri.indexOf('?'))).get('secret');
  const begin = (e) => { e.preventDefault(); run(post('/me/totp', { password: proof }), (v) => { setUri(v.uri); setProof(''); setDone(false); }); };
  const confirm = (e) => { e.preventDefault(); run(post('/me/totp/confirm', { code }), () => { setUri(null); setCode(''); setDone(true); me.value = { ...me.value, totp: true }; }); };
  return html`<${Panel} id="acc-totp" title=${t('acc_totp')} note=${t('acc_totp_note')} className="wide-6">
    <p class="row"><b class=${me.value.totp ? 'good' : 'running'}>${t(me.value.totp ? 'acc_totp_on' : 'acc_totp_off')}</b></p>
    ${!uri && !me.value.totp && html`<form class="decide" onSubmit=${begin}><${Proof} v=${proof} set=${setProof} /><button type="submit" class="strong small" disabled=${busy}>${t('acc_totp_begin')}</button></form>`}
    ${uri && html`<div class="totp"><${Qr} text=${uri} label=${t('acc_totp_qr')} /><div><p>${t('acc_totp_secret')}</p><code class="secret">${secret.replace(/(.{4})(?=.)/g, '$1 ')}</code><p class="row"><${Copy} text=${secret} /><a href=${uri}>${t('acc_totp_open')}</a></p>
      <form class="decide" onSubmit=${confirm}><${Field} label=${t('acc_code')}><input name="totp" value=${code} inputmode="numeric" pattern="[0-9]{6}" maxlength="6" autocomplete="one-time-code" required onInput=${(e) => setCode(e.target.value)} /><//><button type="submit" class="strong small" disabled=${busy}>${t('acc_totp_confirm')}</button></form></div></div>`}
    <${Said} said=${said} />${done && html`<p role="status" class="good">${t('acc_totp_done')}</p>`}<//>`;
}
