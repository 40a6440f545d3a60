/* Organisations: their part of the world, in words, and how sensitive what they see may be. */
import { Panel, html } from '../../dom.js';
import { country, number, t } from '../../i18n.js';
import { useAnswer } from '../../api.js';
import { Empty, Load, Table, Text } from '../../parts.js';
import { href } from '../../router.js';
import { Editing, NEW, open, proof } from './edit.js';

const TLP = ['TLP:CLEAR', 'TLP:GREEN', 'TLP:AMBER', 'TLP:AMBER+STRICT', 'TLP:RED'];
/* What a word of a scope means, for whoever writes it. */
const meaning = (w) => (w === '*' ? t('scope_all') : /^[A-Za-z]{2}$/.test(w) ? country(w.toUpperCase()) : /^as\d{1,10}$/i.test(w) ? t('admin_network', { n: w.slice(2) }) : /[.:]/.test(w) ? t('admin_prefix', { p: w }) : t('admin_not_scope', { w }));
const words = (s) => String(s || '').split(/[\s,]+/).filter(Boolean);
export const Scope = ({ scope }) => html`<span class="chips">${words(scope).map((w) => html`<span class="chip mono"><${Text} v=${w} /></span>`)}</span>`;

export function Orgs() {
  const of = useAnswer('/orgs');
  const fields = [{ key: 'name', label: t('admin_org'), fixed: true, hint: t('admin_name_rule'), pattern: '[a-z0-9._@\\-]{1,64}', example: 'jp-csirt' }, { key: 'title', label: t('admin_title') },
    { key: 'scope', label: t('admin_scope'), hint: t('admin_scope_rule'), example: 'JP AS64500 192.0.2.0/24' }, { key: 'clearance', label: t('admin_clearance'), hint: t('admin_clearance_rule'), options: TLP.map((x) => [x, x]) }, proof()];
  const explained = (v) => words(v.scope).length > 0 && html`<p class="note">${t('admin_scope_means')} ${words(v.scope).map(meaning).join(', ')}</p>`;
  return html`<${Panel} id="orgs" title=${t('admin_orgs')} note=${t('admin_orgs_note')} tools=${html`<button type="button" class="plain" onClick=${() => open(NEW)}>${t('admin_add_org')}</button>`}><${Load} of=${of} empty=${html`<${Editing} rows=${[]} by="name" fresh=${{ clearance: 'TLP:GREEN' }} path="/orgs" fields=${fields} saved=${of.again} extra=${explained} /><${Empty} text=${t('admin_none')} />`}>${(v) => html`
    <${Editing} rows=${v.rows} by="name" fresh=${{ clearance: 'TLP:GREEN' }} path="/orgs" fields=${fields} saved=${of.again} extra=${explained} />
    <${Table} label=${t('admin_orgs')} rows=${v.rows} by=${(r) => r.name} columns=${[
      { head: t('admin_org'), of: (r) => html`<b><${Text} v=${r.name} /></b><br /><small class="name"><${Text} v=${r.title} /></small>` },
      { head: t('admin_scope'), of: (r) => html`<${Scope} scope=${r.scope} /><br /><small>${words(r.scope).slice(0, 6).map(meaning).join(', ')}</small>` },
      { head: t('admin_clearance'), of: (r) => html`<span class="tlp" translate=${false}>${r.clearance}</span>` },
      { head: t('admin_people'), num: true, of: (r) => html`<a href=${href('/admin', { of: r.name })}>${number(r.users)}</a>` },
      { head: t('admin_edit'), of: (r) => html`<button type="button" class="plain small" onClick=${() => open(r.name)}>${t('admin_edit')} <span class="sr"><${Text} v=${r.name} /></span></button>` }]} />`}<//><//>`;
}
