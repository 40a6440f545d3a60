/* Organisations with what they may see, their people, and the log of who did what. */
import { Choice, html } from '../../dom.js';
import { addTexts, t } from '../../i18n.js';
import { param, put } from '../../router.js';
import { Audit } from './audit.js';
import { Orgs } from './orgs.js';
import { Users } from './users.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

const PARTS = { users: Users, orgs: Orgs, audit: Audit };
export default function Admin() {
  const part = PARTS[param('part')] ? param('part') : 'users', Part = PARTS[part];
  return html`<div class="controls"><${Choice} name="admin" label=${t('admin_part')} value=${part} options=${Object.keys(PARTS).map((p) => [p, t('admin_' + p)])} onChange=${(p) => put({ part: p === 'users' ? null : p, edit: null, of: null, before: null }, true)} /></div>
    <${Part} />`;
}
