/* Who did what, newest first, a page at a time: the number of the last line seen goes into the address. */
import { useEffect } from 'preact/hooks';
import { Panel, html } from '../../dom.js';
import { number, t } from '../../i18n.js';
import { ask, useAnswer } from '../../api.js';
import { Empty, Load, Table, Text, Time } from '../../parts.js';
import { here, param, put } from '../../router.js';

const PAGE = 100;
const text = (key, head) => ({ head: t(head), of: (r) => html`<span class="name"><${Text} v=${r[key]} /></span>` });
export function Audit() {
  const before = param('before'), who = param('who'), of = useAnswer(ask('/audit', { before, limit: PAGE }));
  useEffect(() => { document.getElementById('audit')?.scrollIntoView({ block: 'nearest' }); }, [before]);
  const tools = html`${who && html`<span class="chip big">${t('admin_user')}: <${Text} v=${who} /> <button type="button" class="bare" aria-label=${t('filter_remove', { name: who })} onClick=${() => put({ who: null }, true)}>✕</button></span>`}`;
  return html`<${Panel} id="audit" title=${t('admin_audit')} note=${t('admin_audit_note')} tools=${tools}><${Load} of=${of} empty=${html`<${Empty} text=${t('admin_no_lines')} />`}>${(v) => {
    const rows = who ? v.rows.filter((r) => r.user === who) : v.rows, last = v.rows[v.rows.length - 1]?.n;
    return html`${!rows.length ? html`<${Empty} text=${t('admin_no_lines_of')} />` : html`<${Table} long label=${t('admin_audit')} rows=${rows} by=${(r) => r.n} columns=${[
      { head: t('admin_n'), num: true, of: (r) => number(r.n) }, { head: t('admin_at'), of: (r) => html`<${Time} at=${r.at} />` },
      { head: t('admin_user'), of: (r) => html`<a class="quiet-link" href=${here({ who: r.user })}><${Text} v=${r.user} /></a>` }, text('org', 'admin_org'), text('what', 'admin_what'), text('on', 'admin_on'), text('detail', 'admin_detail'), text('from', 'admin_from')]} />`}
    <p class="row paging">${before ? html`<a class="plain button" href=${here({ before: null })}>${t('admin_newest')}</a>` : null}<span>${v.rows.length ? t('admin_lines', { a: number(v.rows[0].n), b: number(last) }) : null}</span>${last > 1 ? html`<a class="plain button end" href=${here({ before: last })}>${t('admin_older')}</a>` : null}</p>`;
  }}<//><//>`;
}
