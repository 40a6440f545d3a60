/* The door. Which of name, password and code was wrong is not said. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../../dom.js';
import { addTexts, duration, lang, t } from '../../i18n.js';
import { post } from '../../api.js';
import { param } from '../../router.js';
import { backAgain, me } from '../../session.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

/* The other way in, when there is one: to the provider, and back to where one was going. */
function Provider() {
  const oidc = me.value?.oidc;
  if (!oidc) return null;
  const name = lang.value === 'ja' ? oidc.title_ja : oidc.title;
  return html`<div class="provider">
    <a class="strong" href=${'/api/v1/oidc/start?to=' + encodeURIComponent(param('back') || '/')}>${t('sign_oidc', { name })}</a>
    ${oidc.end && html`<a class="note" href="/api/v1/oidc/end">${t('sign_oidc_end', { name })}</a>`}
  </div>`;
}
/* Why the provider's word was not enough; a word that is not known is no reason either. */
function reason(word) {
  const text = t('sign_oidc_' + word);
  return text === 'sign_oidc_' + word ? t('sign_oidc_failed') : text;
}

export default function SignIn() {
  const [user, setUser] = useState(''), [password, setPassword] = useState(''), [code, setCode] = useState('');
  const back = param('oidc'), owes = back === 'code'; /* let in there, a code is asked for here */
  const [second, setSecond] = useState(owes), [busy, setBusy] = useState(false), [said, setSaid] = useState(back && !owes ? reason(back) : null);
  const codeField = useRef();
  useEffect(() => { if (me.value?.signed_in) backAgain(); }, []);
  useEffect(() => { if (second) codeField.current?.focus(); }, [second]);
  const submit = async (e) => {
    e.preventDefault();
    setBusy(true);
    setSaid(null);
    try {
      me.value = owes ? await post('/oidc/code', { code }) : await post('/session', { user, password, ...(second ? { code } : {}) });
      backAgain();
    } catch (x) {
      if (x.code === 'code_needed') setSecond(true);
      else if (x.code === 'wait' || x.status === 429) setSaid(t('sign_wait', { d: duration(x.said?.wait_s ?? 60) }));
      else setSaid(t(x.status === 401 ? (owes ? 'sign_code_denied' : 'sign_denied') : 'trouble_failed'));
      setBusy(false);
    }
  };
  return html`<form class="sign-in panel" onSubmit=${submit}>
    ${!owes && html`<${Provider} />
    <p class="note">${t('sign_text')}</p>
    <label class="field">${t('sign_user')}<input name="user" autocomplete="username" autocapitalize="none" spellcheck=${false} required value=${user} onInput=${(e) => setUser(e.target.value)} /></label>
    <label class="field">${t('sign_password')}<input name="password" type="password" autocomplete="current-password" required value=${password} onInput=${(e) => setPassword(e.target.value)} /></label>`}
    ${second && html`<label class="field">${t('sign_code')}<input name="code" ref=${codeField} inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" required value=${code} onInput=${(e) => setCode(e.target.value)} /></label>`}
    <p role="alert" class="said">${said}</p>
    <button type="submit" class="strong" disabled=${busy}>${t('sign_do')}</button>
  </form>`;
}
