/* What is said of the own part of the world: attacks on it, surges from it, what is aimed at it, groups with
 * hosts of it. */
import { Panel, html } from '../../dom.js';
import { dayTime, number, seconds, t } from '../../i18n.js';
import { ask, useAnswer } from '../../api.js';
import { Card } from '../../alerts.js';
import { Empty, Host, Load, Table, Text } from '../../parts.js';
import { groupPage } from '../../groups.js';
import { href, param } from '../../router.js';
import { isOpen } from '../../state.js';

const isNew = (v, at) => v.since && at && seconds(at) >= seconds(v.since);
const New = ({ v, at }) => (isNew(v, at) ? html` <span class="chip new">${t('change_new')}</span>` : null);

export function Victims({ v }) {
  const rows = v.victims.rows, own = { country: param('country'), asn: param('asn') };
  return html`<${Panel} id="victims" title=${t('mine_attacked')} note=${t('mine_attacked_note')} tools=${html`<a href=${href('/attacks', own)}>${t('mine_all_attacks')}</a>`} className="wide-6">
    ${!rows.length ? html`<${Empty} text=${t('mine_no_attacks')} />` : html`<${Table} label=${t('mine_attacked')} rows=${rows} by=${(e) => e.id} columns=${[
      { head: t('mine_when'), of: (e) => html`<a class="nowrap" href=${href('/attacks/' + encodeURIComponent(e.id))}>${dayTime(seconds(e.from))}</a><${New} v=${v} at=${e.started} />` },
      { head: t('victim'), of: (e) => html`<${Host} ip=${e.victim} />${e.rdns ? html`<br /><small class="name"><${Text} v=${e.rdns} /></small>` : null}` },
      { head: t('mine_vector'), of: (e) => (e.vectors || []).slice(0, 3).map((x) => html`<span class="chip"><${Text} v=${x} /></span>`) },
      { head: t('packets'), num: true, of: (e) => number(e.packets) },
      { head: t('mine_state'), of: (e) => (e.state === 'end' ? t('state_close') : html`<b class="running">${t('running')}</b>`) }]} />`}<//>`;
}

const Cards = ({ list }) => html`<ul class="alert-list">${list.map((a) => html`<${Card} key=${a.id} a=${a} />`)}</ul>`;
export function Surges({ v }) {
  return html`<${Panel} id="surges" title=${t('mine_from')} note=${t('mine_from_note')} className="wide-6">${v.surges.rows.length ? html`<${Cards} list=${v.surges.rows} />` : html`<${Empty} text=${t('mine_no_surges')} />`}<//>`;
}

/* Floods that came back to our addresses as answers name their victim; so do attacks by amplification. What
 * a reader of a part of the world gets of these is about its own part. */
const AIMED = ['spoofed-flood', 'drdos'];
export function Towards({ v }) {
  const of = useAnswer(ask('/alerts', { from: v.from, to: v.to, country: v.all ? param('country') : null, asn: v.all ? param('asn') : null, limit: 200 }), true);
  const empty = html`<${Empty} text=${t('mine_no_towards')} />`;
  return html`<${Panel} id="towards" title=${t('mine_towards')} note=${t('mine_towards_note')} className="wide-6"><${Load} of=${of} empty=${empty}>${(x) => {
    const list = x.rows.filter((a) => AIMED.includes(a.kind)).sort((a, b) => isOpen(b) - isOpen(a));
    return list.length ? html`<${Cards} list=${list.slice(0, 12)} />` : empty;
  }}<//><//>`;
}

export function Groups({ v }) {
  const rows = v.groups.rows;
  return html`<${Panel} id="own-groups" title=${t('mine_own_groups')} note=${t('mine_own_groups_note')} className="wide-6">${!rows.length ? html`<${Empty} text=${t('mine_no_groups')} />` : html`<${Table} label=${t('mine_own_groups')} rows=${rows} by=${(a) => a.id} columns=${[
    { head: t('mine_group'), of: (a) => html`<a href=${groupPage(a.key)}><${Text} v=${a.key.replace(/^group:/, '')} /></a><${New} v=${v} at=${a.opened} />` },
    { head: t('mine_state'), of: (a) => t(isOpen(a) ? 'state_open' : 'state_close') },
    { head: t('mine_when'), of: (a) => html`<span class="nowrap">${dayTime(seconds(a.from))}</span>` },
    { head: t('hosts'), num: true, of: (a) => number(a.host_count) }]} />`}<//>`;
}
