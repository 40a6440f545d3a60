/* People: whose they are, what they may do, whether they have been here. */
import { Panel, html } from '../../dom.js';
import { t } from '../../i18n.js';
import { useAnswer } from '../../api.js';
import { Empty, Load, Table, Text, Time } from '../../parts.js';
import { here, href, param, put } from '../../router.js';
import { Editing, NEW, open, proof } from './edit.js';

const ROLES = ['viewer', 'analyst', 'operator', 'admin'], LEAST = 12;
export function Users() {
  const of = useAnswer('/users'), orgs = useAnswer('/orgs'), only = param('of');
  const names = (orgs.value?.rows || []).map((o) => [o.name, o.title && o.title !== o.name ? `${o.name} (${o.title})` : o.name]);
  const fields = [{ key: 'user', label: t('admin_user'), fixed: true, hint: t('admin_name_rule'), pattern: '[a-z0-9._@\\-]{1,64}' }, { key: 'name', label: t('admin_name') },
    { key: 'org', label: t('admin_org'), options: [['', '–'], ...names] }, { key: 'role', label: t('admin_role'), options: ROLES.map((r) => [r, t('role_' + r)]) },
    { key: 'password', label: t('admin_password'), type: 'password', optional: true, min: LEAST, hint: t('admin_password_rule', { n: LEAST }) }, { key: 'disabled', label: t('admin_disabled'), type: 'checkbox', hint: t('admin_disabled_rule') }, proof()];
  const start = (r) => ({ ...r, password: '' });
  const editing = (rows) => html`<${Editing} rows=${rows.map(start)} by="user" fresh=${{ role: 'viewer', org: only || '', password: '' }} path="/users" fields=${fields} saved=${of.again} />`;
  return html`<${Panel} id="users" title=${t('admin_users')} note=${t('admin_users_note')} tools=${html`${only && html`<span class="chip big">${t('admin_org')}: <${Text} v=${only} /> <button type="button" class="bare" aria-label=${t('filter_remove', { name: only })} onClick=${() => put({ of: null }, true)}>✕</button></span>`}<button type="button" class="plain" onClick=${() => open(NEW)}>${t('admin_add_user')}</button>`}>
    <${Load} of=${of} empty=${html`${editing([])}<${Empty} text=${t('admin_none')} />`}>${(v) => html`${orgs.value && editing(v.rows)}
    <${Table} label=${t('admin_users')} rows=${only ? v.rows.filter((r) => r.org === only) : v.rows} by=${(r) => r.user} columns=${[
      { head: t('admin_user'), of: (r) => html`<b><${Text} v=${r.user} /></b><br /><small class="name"><${Text} v=${r.name} /></small>` },
      { head: t('admin_org'), of: (r) => html`<a class="quiet-link" href=${here({ of: r.org })}><${Text} v=${r.org} /></a>` },
      { head: t('admin_role'), of: (r) => t('role_' + r.role) },
      { head: t('admin_state'), of: (r) => html`${r.disabled ? html`<b class="running">${t('admin_is_disabled')}</b>` : r.password || r.bound ? t('admin_active') : html`<b class="running">${t('admin_no_password')}</b>`}${r.bound ? html` <span class="chip">OpenID</span>` : null}${r.totp ? html` <span class="chip">TOTP</span>` : null}` },
      { head: t('admin_seen'), of: (r) => (r.last_seen ? html`<${Time} at=${r.last_seen} />` : t('admin_never')) },
      { head: t('admin_did'), of: (r) => html`<a href=${href('/admin', { part: 'audit', who: r.user })}>${t('admin_audit')}<span class="sr"> <${Text} v=${r.user} /></span></a>` },
      { head: t('admin_edit'), of: (r) => html`<button type="button" class="plain small" onClick=${() => open(r.user)}>${t('admin_edit')} <span class="sr"><${Text} v=${r.user} /></span></button>` }]} />`}<//><//>`;
}
