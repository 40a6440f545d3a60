/* What outlives a session is made by who knows the password now. An account without one leaves it empty. */
import { html } from '../../dom.js';
import { t } from '../../i18n.js';
import { Field } from '../../form.js';

export const Proof = ({ v, set }) => html`<${Field} label=${t('acc_password_old')} hint=${t('acc_proof')}><input type="password" name="proof" value=${v} autocomplete="current-password" onInput=${(e) => set(e.target.value)} /><//>`;
