/* One's own password: the old one once, the new one twice. All other sessions end with it. */
import { useState } from 'preact/hooks';
import { Panel, html } from '../../dom.js';
import { t } from '../../i18n.js';
import { post } from '../../api.js';
import { Field, Said, useDoing } from '../../form.js';
import { me } from '../../session.js';

const EMPTY = { old: '', fresh: '', again: '' }, LEAST = 12;
export function Password() {
  const [v, set] = useState(EMPTY), [done, setDone] = useState(false), [run, busy, said] = useDoing();
  const take = (k) => (e) => { set({ ...v, [k]: e.target.value }); setDone(false); };
  const differ = v.again !== '' && v.again !== v.fresh;
  const submit = (e) => { e.preventDefault(); if (v.fresh === v.again) run(post('/me/password', { old: v.old, password: v.fresh }), () => { set(EMPTY); setDone(true); }); };
  const field = (k, label, auto, hint) => html`<${Field} label=${label} hint=${hint}><input type="password" name=${k} value=${v[k]} autocomplete=${auto} required minlength=${k === 'old' ? null : LEAST} onInput=${take(k)} /><//>`;
  return html`<${Panel} id="acc-password" title=${t('acc_password')} note=${t('acc_password_note')} className="wide-6"><form class="stack" onSubmit=${submit}>
    <input type="text" name="user" autocomplete="username" value=${me.value.user} readonly class="sr" tabindex="-1" aria-hidden="true" />
    ${field('old', t('acc_password_old'), 'current-password')}${field('fresh', t('acc_password_new'), 'new-password', t('acc_password_long', { n: LEAST }))}${field('again', t('acc_password_again'), 'new-password')}
    ${differ && html`<p class="said" role="alert">${t('acc_password_differ')}</p>`}<${Said} said=${said} />${done && html`<p role="status" class="good">${t('acc_password_done')}</p>`}
    <p><button type="submit" class="strong small" disabled=${busy || differ}>${t('acc_password_do')}</button></p></form><//>`;
}
