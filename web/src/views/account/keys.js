/* Keys for programs. A key is shown once: the portal keeps its hash only. */
import { useState } from 'preact/hooks';
import { Panel, html } from '../../dom.js';
import { t } from '../../i18n.js';
import { post, useAnswer } from '../../api.js';
import { Copy, Field, Said, useDoing } from '../../form.js';
import { Proof } from './proof.js';
import { Empty, Load, Table, Text, Time } from '../../parts.js';

/* Ended for good: asked twice, the second time in the same place. */
function End({ k, end }) {
  const [sure, setSure] = useState(false);
  return sure ? html`<span class="row sure"><button type="button" class="danger" onClick=${() => end(k)}>${t('acc_end_sure')} <span class="sr"><${Text} v=${k.label} /></span></button><button type="button" class="plain small" onClick=${() => setSure(false)}>${t('acc_keep')}</button></span>`
    : html`<button type="button" class="plain small" onClick=${() => setSure(true)}>${t('acc_end')} <span class="sr"><${Text} v=${k.label} /></span></button>`;
}

export function Keys() {
  const of = useAnswer('/keys'), [label, setLabel] = useState(''), [proof, setProof] = useState(''), [made, setMade] = useState(null), [run, busy, said] = useDoing();
  const make = (e) => { e.preventDefault(); run(post('/keys', { label, password: proof }), (v) => { setMade(v.key); setLabel(''); setProof(''); of.again(); }); };
  const end = (k) => run(post(`/keys/${k.id}/end`), of.again);
  return html`<${Panel} id="acc-keys" title=${t('acc_keys')} note=${t('acc_keys_note')} className="wide-12">
    ${made && html`<div class="made" role="status"><p><b>${t('acc_key_made')}</b></p><code class="secret">${made}</code><p class="row"><${Copy} text=${made} /> <button type="button" class="plain small" onClick=${() => setMade(null)}>${t('acc_key_kept')}</button></p>
      <p class="note">${t('acc_key_use')} <code>curl -H "Authorization: Bearer $KEY" ${location.origin}/api/v1/status</code></p></div>`}
    <${Load} of=${of} rows=${2} empty=${html`<${Empty} text=${t('acc_keys_none')} />`}>${(v) => html`<${Table} label=${t('acc_keys')} rows=${v.rows} by=${(k) => k.id} columns=${[
      { head: t('acc_label'), of: (k) => html`<b class="name"><${Text} v=${k.label} /></b>` }, { head: t('acc_made'), of: (k) => html`<${Time} at=${k.made} />` },
      { head: t('acc_used'), of: (k) => (k.used ? html`<${Time} at=${k.used} />` : t('acc_never')) },
      { head: t('acc_key_state'), of: (k) => (k.ended ? html`${t('acc_ended')} <small><${Time} at=${k.ended} /></small>` : html`<${End} k=${k} end=${end} />`) }]} />`}<//>
    <form class="decide" onSubmit=${make}><${Field} label=${t('acc_label')} grow><input name="label" value=${label} required maxlength="60" placeholder="SIEM" onInput=${(e) => setLabel(e.target.value)} /><//><${Proof} v=${proof} set=${setProof} /><button type="submit" class="strong small" disabled=${busy}>${t('acc_key_new')}</button></form>
    <${Said} said=${said} /><//>`;
}
