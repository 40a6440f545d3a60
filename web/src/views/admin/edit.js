/* A form about one thing, above the list it is from. Which one is open is in the address (edit=), so that it
 * can be sent to somebody else and the back button closes it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../../dom.js';
import { t } from '../../i18n.js';
import { post } from '../../api.js';
import { Field, Said, useDoing } from '../../form.js';
import { visible } from '../../parts.js';
import { param, put } from '../../router.js';

export const NEW = '+';
export const open = (what) => put({ edit: what }, true);
const close = () => put({ edit: null });

/* fields: [{key, label, hint, type, options, min, optional, fixed}]; start: what it is now. Sent is what is
 * not empty: what is not sent stays as it is. */
export function Edit({ path, fields, start, name, saved, extra }) {
  const fresh = param('edit') === NEW, box = useRef();
  const [v, set] = useState(start), [run, busy, said] = useDoing();
  useEffect(() => { box.current?.querySelector('input:not([readonly]), select')?.focus(); }, []);
  const take = (k) => (e) => set({ ...v, [k]: e.target.type === 'checkbox' ? e.target.checked : e.target.value });
  const body = () => Object.fromEntries(fields.filter((f) => f.type === 'checkbox' || (v[f.key] != null && v[f.key] !== '')).map((f) => [f.key, f.type === 'checkbox' ? !!v[f.key] : v[f.key]]));
  const submit = (e) => { e.preventDefault(); run(post(path, body()), () => { close(); saved(); }); };
  const input = (f) => (f.options ? html`<select name=${f.key} value=${v[f.key]} required=${!f.optional} onChange=${take(f.key)}>${f.options.map(([o, w]) => html`<option value=${o} selected=${v[f.key] === o}>${w}</option>`)}</select>`
    : f.type === 'checkbox' ? html`<input name=${f.key} type="checkbox" checked=${!!v[f.key]} onChange=${take(f.key)} />`
    : html`<input name=${f.key} type=${f.type || 'text'} value=${v[f.key] ?? ''} required=${!f.optional} readonly=${f.fixed && !fresh} minlength=${f.min} maxlength="400" pattern=${f.pattern} autocomplete=${f.auto || (f.type === 'password' ? 'new-password' : 'off')} autocapitalize="none" spellcheck=${false} placeholder=${f.example} onInput=${take(f.key)} />`);
  return html`<form class="edit panel" ref=${box} onSubmit=${submit} aria-labelledby="edit-title"><h2 id="edit-title">${fresh ? t('admin_add') : t('admin_edit_of', { what: visible(name) })}</h2>
    <div class="fields">${fields.map((f) => html`<${Field} key=${f.key} label=${f.label} hint=${f.hint}>${input(f)}<//>`)}</div>${extra?.(v, (more) => set({ ...v, ...more }))}
    <${Said} said=${said} /><p class="row"><button type="submit" class="strong small" disabled=${busy}>${t('admin_save')}</button><button type="button" class="plain" onClick=${close}>${t('admin_cancel')}</button></p></form>`;
}

/* Who changes rights says that it is them. */
export const proof = () => ({ key: 'proof', label: t('admin_proof'), type: 'password', auto: 'current-password', optional: true, hint: t('admin_proof_rule') });

/* The form for what edit= names among the rows, or for a new one. */
export function Editing({ rows, by, fresh, ...rest }) {
  const what = param('edit');
  if (!what) return null;
  const found = what === NEW ? fresh : rows.find((r) => r[by] === what);
  return found ? html`<${Edit} key=${what} start=${found} name=${what} ...${rest} />` : null;
}
