/* The door. Which of name, password and code was wrong is not said. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../../dom.js';
import { addTexts, duration, t } from '../../i18n.js';
import { post } from '../../api.js';
import { backAgain, me } from '../../session.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

export default function SignIn() {
  const [user, setUser] = useState(''), [password, setPassword] = useState(''), [code, setCode] = useState('');
  const [second, setSecond] = useState(false), [busy, setBusy] = useState(false), [said, setSaid] = useState(null);
  const codeField = useRef();
  useEffect(() => { if (me.value?.signed_in) backAgain(); }, []);
  useEffect(() => { if (second) codeField.current?.focus(); }, [second]);
  const submit = async (e) => {
    e.preventDefault();
    setBusy(true);
    setSaid(null);
    try {
      me.value = await post('/session', { user, password, ...(second ? { code } : {}) });
      backAgain();
    } catch (x) {
      if (x.code === 'code_needed') setSecond(true);
      else if (x.code === 'wait' || x.status === 429) setSaid(t('sign_wait', { d: duration(x.said?.wait_s ?? 60) }));
      else setSaid(t(x.status === 401 ? 'sign_denied' : 'trouble_failed'));
      setBusy(false);
    }
  };
  return html`<form class="sign-in panel" onSubmit=${submit}>
    <p class="note">${t('sign_text')}</p>
    <label class="field">${t('sign_user')}<input name="user" autocomplete="username" autocapitalize="none" spellcheck=${false} required value=${user} onInput=${(e) => setUser(e.target.value)} /></label>
    <label class="field">${t('sign_password')}<input name="password" type="password" autocomplete="current-password" required value=${password} onInput=${(e) => setPassword(e.target.value)} /></label>
    ${second && html`<label class="field">${t('sign_code')}<input name="code" ref=${codeField} inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" required value=${code} onInput=${(e) => setCode(e.target.value)} /></label>`}
    <p role="alert" class="said">${said}</p>
    <button type="submit" class="strong" disabled=${busy}>${t('sign_do')}</button>
  </form>`;
}
