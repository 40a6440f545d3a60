/* Organisations, people, and the log of who did what. */
import { useState } from 'preact/hooks';
import { Choice, Panel, html } from '../../dom.js';
import { addTexts, dayTime, seconds, t } from '../../i18n.js';
import { ask, post, useAnswer } from '../../api.js';
import { Load, Table, Text } from '../../parts.js';
import { param, put } from '../../router.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

const ROLES = ['viewer', 'analyst', 'operator', 'admin'];
const TLP = ['TLP:CLEAR', 'TLP:GREEN', 'TLP:AMBER', 'TLP:AMBER+STRICT', 'TLP:RED'];

/* A form of a few fields: {key, label, type, options}. */
function Edit({ title, fields, start, save, close }) {
  const [v, set] = useState(start), [said, setSaid] = useState(null), [busy, setBusy] = useState(false);
  const submit = async (e) => {
    e.preventDefault();
    setBusy(true);
    try { await save(v); close(true); } catch (x) { setSaid(x.said?.text || t('trouble_failed')); setBusy(false); }
  };
  const put1 = (k) => (e) => set({ ...v, [k]: e.target.type === 'checkbox' ? e.target.checked : e.target.value });
  const input = (f) => (f.options ? html`<select value=${v[f.key]} onChange=${put1(f.key)}>${f.options.map(([o, w]) => html`<option value=${o}>${w}</option>`)}</select>`
    : f.type === 'checkbox' ? html`<input type="checkbox" checked=${!!v[f.key]} onChange=${put1(f.key)} />`
    : html`<input type=${f.type || 'text'} value=${v[f.key] ?? ''} required=${!f.optional} readonly=${f.fixed && !!start[f.key]} minlength=${f.min} autocomplete="off" spellcheck=${false} placeholder=${f.hint} onInput=${put1(f.key)} />`);
  return html`<form class="edit panel wide-12" onSubmit=${submit} aria-label=${title}><h3>${title}</h3><div class="fields">${fields.map((f) => html`<label key=${f.key} class="field">${f.label}${input(f)}</label>`)}</div>
    ${said && html`<p role="alert" class="said" lang="en">${said}</p>`}
    <p class="row"><button type="submit" class="strong small" disabled=${busy}>${t('admin_save')}</button><button type="button" class="plain" onClick=${() => close(false)}>${t('admin_cancel')}</button></p></form>`;
}

/* A list with a form above it: both of organisations and of people. */
function Kept({ id, path, title, columns, fields, fresh, by }) {
  const of = useAnswer(path), [edit, setEdit] = useState(null);
  const close = (saved) => { setEdit(null); if (saved) of.again(); };
  return html`<${Panel} id=${id} title=${title} className="wide-12" tools=${html`<button type="button" class="plain" onClick=${() => setEdit(fresh)}>${t('admin_add')}</button>`}>
    ${edit && html`<${Edit} key=${edit[by] || 'new'} title=${edit[by] || t('admin_add')} fields=${fields} start=${edit} close=${close} save=${(v) => post(path, Object.fromEntries(fields.filter((f) => v[f.key] != null && v[f.key] !== '').map((f) => [f.key, v[f.key]])))} />`}
    <${Load} of=${of}>${(v) => html`<${Table} label=${title} rows=${v.rows} by=${(r) => r[by]} columns=${[...columns,
      { head: t('admin_edit'), of: (r) => html`<button type="button" class="plain small" onClick=${() => setEdit(r)}>${t('admin_edit')} <span class="sr"><${Text} v=${r[by]} /></span></button>` }]} />`}<//><//>`;
}

const text = (key, head) => ({ head: t(head), of: (r) => html`<${Text} v=${r[key]} />` });
function Orgs() {
  return html`<${Kept} id="orgs" path="/orgs" by="name" title=${t('admin_orgs')} fresh=${{ clearance: 'TLP:GREEN' }}
    fields=${[{ key: 'name', label: t('admin_org'), fixed: true }, { key: 'title', label: t('admin_title') }, { key: 'scope', label: t('admin_scope'), hint: 'JP AS64500 192.0.2.0/24' }, { key: 'clearance', label: t('admin_clearance'), options: TLP.map((x) => [x, x]) }]}
    columns=${[text('name', 'admin_org'), text('title', 'admin_title'), { head: t('admin_scope'), of: (r) => html`<span class="mono"><${Text} v=${r.scope} /></span>` }, { head: t('admin_clearance'), of: (r) => html`<span class="tlp" translate="no">${r.clearance}</span>` }]} />`;
}
function Users() {
  return html`<${Kept} id="users" path="/users" by="user" title=${t('admin_users')} fresh=${{ role: 'viewer' }}
    fields=${[{ key: 'user', label: t('admin_user'), fixed: true }, { key: 'name', label: t('admin_name') }, { key: 'org', label: t('admin_org') }, { key: 'role', label: t('admin_role'), options: ROLES.map((r) => [r, t('role_' + r)]) },
      { key: 'password', label: t('admin_password'), type: 'password', optional: true, min: 12 }, { key: 'disabled', label: t('admin_disabled'), type: 'checkbox' }]}
    columns=${[text('user', 'admin_user'), text('name', 'admin_name'), text('org', 'admin_org'), { head: t('admin_role'), of: (r) => t('role_' + r.role) },
      { head: t('admin_state'), of: (r) => html`${t(r.disabled ? 'admin_disabled' : 'admin_active')}${r.totp ? html` <span class="chip">TOTP</span>` : null}` }, { head: t('admin_seen'), of: (r) => dayTime(seconds(r.last_seen)) }]} />`;
}
function Audit() {
  const before = param('before');
  const of = useAnswer(ask('/audit', { before, limit: 100 }));
  return html`<${Panel} id="audit" title=${t('admin_audit')} note=${t('admin_audit_note')} className="wide-12"><${Load} of=${of}>${(v) => html`<${Table} label=${t('admin_audit')} rows=${v.rows} by=${(r) => r.n} columns=${[
      { head: t('admin_n'), of: (r) => r.n }, { head: t('admin_at'), of: (r) => html`<span class="nowrap">${dayTime(seconds(r.at))}</span>` }, text('user', 'admin_user'), text('org', 'admin_org'), text('what', 'admin_what'), text('on', 'admin_on'), text('detail', 'admin_detail'), text('from', 'admin_from')]} />
    ${v.rows.length >= 100 && html`<p class="more"><button type="button" class="plain" onClick=${() => put({ before: v.rows[v.rows.length - 1].n }, true)}>${t('admin_older')}</button></p>`}`}<//><//>`;
}

const PARTS = { users: Users, orgs: Orgs, audit: Audit };
export default function Admin() {
  const part = PARTS[param('part')] ? param('part') : 'users', Part = PARTS[part];
  return html`<div class="controls"><${Choice} name="admin" label=${t('admin_part')} value=${part} options=${Object.keys(PARTS).map((p) => [p, t('admin_' + p)])} onChange=${(p) => put({ part: p === 'users' ? null : p, before: null }, true)} /></div>
    <div class="grid"><${Part} /></div>`;
}
