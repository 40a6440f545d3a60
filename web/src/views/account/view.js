/* One's own account: what one may see, how one signs in, keys for programs, and how the page looks. */
import { Choice, Panel, html } from '../../dom.js';
import { addTexts, lang, t, theme, zone, zoneLabel } from '../../i18n.js';
import { Text } from '../../parts.js';
import { endSession, me } from '../../session.js';
import { Keys } from './keys.js';
import { Password } from './password.js';
import { Totp } from './totp.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

const fact = (name, v) => html`<div><dt>${name}</dt><dd>${v}</dd></div>`;
function Who() {
  const m = me.value;
  return html`<${Panel} id="acc-who" title=${t('acc_who')} className="wide-6" tools=${html`<button type="button" class="plain" onClick=${endSession}>${t('sign_out')}</button>`}><dl class="facts">
    ${fact(t('acc_user'), html`<${Text} v=${m.user} />`)}${fact(t('acc_name'), html`<${Text} v=${m.name} />`)}${fact(t('acc_org'), html`<${Text} v=${m.org_title || m.org} />`)}
    ${fact(t('acc_role'), html`${t('role_' + m.role)} <small>${t('acc_may_' + m.role)}</small>`)}${fact(t('acc_scope'), m.scope?.all ? t('scope_all') : html`<span class="mono"><${Text} v=${m.scope?.words} /></span>`)}
    ${fact(t('acc_clearance'), html`<span class="tlp" translate=${false}>${m.clearance}</span>`)}</dl>
    <p class="note">${t('acc_rights_note')}</p>${m.sessions && html`<p class="note">${t('acc_sessions', { n: m.sessions, most: m.sessions_most })}</p>`}<//>`;
}

/* The same choices as in the head of the page, with room to explain them. */
function Looks({ wide }) {
  const row = (name, choice, note) => html`<div class="look"><span>${name}</span>${choice}${note && html`<small>${note}</small>`}</div>`;
  return html`<${Panel} id="acc-looks" title=${t('acc_looks')} note=${t('acc_looks_note')} className=${wide ? 'wide-12' : 'wide-6'}>
    ${row(t('language'), html`<${Choice} name="acc-lang" label=${t('language')} value=${lang.value} options=${[['en', 'English'], ['ja', '日本語']]} onChange=${(v) => { lang.value = v; }} />`)}
    ${row(t('timezone'), html`<${Choice} name="acc-tz" label=${t('timezone')} value=${zone.value} options=${['utc', 'jst', 'local'].map((z) => [z, t('tz_' + z)])} onChange=${(v) => { zone.value = v; }} />`, t('acc_zone_note', { z: zoneLabel.value }))}
    ${row(t('theme'), html`<${Choice} name="acc-theme" label=${t('theme')} value=${theme.value} options=${['auto', 'light', 'dark'].map((x) => [x, t('theme_' + x)])} onChange=${(v) => { theme.value = v; }} />`)}<//>`;
}

export default function Account() {
  if (!me.value.accounts) return html`<p class="note lead-row">${t('acc_none')}</p><div class="grid"><${Looks} wide /></div>`;
  return html`<div class="grid"><${Who} /><${Looks} /><${Password} /><${Totp} /><${Keys} /></div>`;
}
