/* Amplification attacks that honeypots saw, as one looks them over in the morning. */
import { Choice, html } from '../../dom.js';
import { addTexts, dayTime, number, seconds, t } from '../../i18n.js';
import { ask, useList } from '../../api.js';
import { Empty, Export, HitsLink, Load, Network, Place, Table, Text } from '../../parts.js';
import { here, href, param, put } from '../../router.js';
import { may } from '../../session.js';
import { span } from '../../time.js';
import { Lasted, Victim, domain, vectorsOf } from './row.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

export default function Attacks() {
  const when = span({ honeypots: true });
  const path = when && ask('/attacks', { from: when.from, to: when.to, state: param('state'), country: param('country'), asn: param('asn'), vector: param('vector'), victim: param('victim'), limit: 50 });
  const of = useList(path, true);
  return html`<div class="controls">
      <${Choice} name="attack-state" label=${t('attacks_state')} value=${param('state') === 'end' ? 'end' : 'all'} onChange=${(v) => put({ state: v === 'all' ? null : v }, true)}
        options=${[['all', t('attacks_all')], ['end', t('attacks_over')]]} />
      ${['vector', 'victim'].filter(param).map((k) => html`<span class="chip big">${t('attacks_' + k)}: <${Text} v=${param(k)} /> <button type="button" class="bare" aria-label=${t('filter_remove', { name: param(k) })} onClick=${() => put({ [k]: null }, true)}>✕</button></span>`)}
      <span class="end">${may('analyst') && html`<${HitsLink} of=${{ victim: param('victim'), vector: param('vector') }}>${t('attacks_hits')}<//>`} <${Export} path=${path} /></span></div>
    <section class="panel" aria-label=${t('attacks_list')}><${Load} of=${of} empty=${html`<${Empty} text=${t('attacks_none')} hint=${t('attacks_none_text')} />`}>${(v, rows) => html`<${Table} long label=${t('attacks_list')} rows=${rows} by=${(e) => e.id} columns=${[
      { head: t('attacks_time'), of: (e) => html`<a class="nowrap" href=${href('/attacks/' + encodeURIComponent(e.id))}>${dayTime(seconds(e.from))}</a>` },
      { head: t('attacks_lasts'), num: true, of: (e) => html`<${Lasted} e=${e} />` },
      { head: t('attacks_victim'), of: (e) => html`<${Victim} e=${e} /> ${e.country ? html`<br /><small><a class="quiet-link" href=${here({ country: e.country })}><${Place} code=${e.country} /></a></small>` : null}` },
      { head: t('attacks_name'), of: (e) => html`<span class="name"><${Text} v=${e.rdns || '–'} /></span>` },
      { head: t('attacks_kind'), of: (e) => html`${vectorsOf(e).slice(0, 3).map((v) => html`<a class="chip" href=${here({ vector: v })}><${Text} v=${v} /></a>`)}${e.kind !== 'single' ? html` <small>${t('kind_' + e.kind)}</small>` : null}` },
      { head: t('attacks_packets'), num: true, of: (e) => number(e.packets) },
      { head: t('attacks_peak'), num: true, of: (e) => number(e.pps_max) },
      { head: t('attacks_as'), of: (e) => html`<${Network} asn=${e.asn} name=${e.as_name} />` },
      { head: t('attacks_domain'), of: (e) => html`<span class="name"><${Text} v=${domain(e)} /></span>` },
    ]} />`}<//></section><p class="fine">${t('attacks_fine')}</p>`;
}
