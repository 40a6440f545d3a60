/* What honeypots were asked in victims' names, second by second: what attacks are made of. */
import { Choice, html } from '../../dom.js';
import { addTexts, dayClock, number, seconds, t } from '../../i18n.js';
import { ask, useList } from '../../api.js';
import { Empty, Export, Host, Load, Port, Table, Text } from '../../parts.js';
import { here, param, put } from '../../router.js';
import { span } from '../../time.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

/* "120 isc.org ANY IN": what was asked for most, and how often. */
const asked = (h) => (h.names?.length ? html`<span class="name"><${Text} v=${h.names[0].replace(/^\d+ /, '')} /></span>` : '–');
const ttl = (h) => (h.ttl_min === h.ttl_max ? number(h.ttl_min) : `${h.ttl_min}–${h.ttl_max}`);

export default function Hits() {
  const when = span({ honeypots: true });
  const path = when && ask('/hits', { from: when.from, to: when.to, sensor: param('sensor'), port: param('port'), vector: param('vector'), victim: param('victim'), scanners: param('scanners'), limit: 100 });
  const of = useList(path, true);
  return html`<div class="controls">
      <${Choice} name="scanners" label=${t('hits_scanners')} value=${param('scanners') || 'all'} onChange=${(v) => put({ scanners: v === 'all' ? null : v }, true)}
        options=${['all', 'not', 'only'].map((v) => [v, t('hits_scanners_' + v)])} />
      ${['vector', 'victim'].filter(param).map((k) => html`<span class="chip big">${t('hits_' + k)}: <${Text} v=${param(k)} /> <button type="button" class="bare" aria-label=${t('filter_remove', { name: param(k) })} onClick=${() => put({ [k]: null }, true)}>✕</button></span>`)}
      <span class="end"><${Export} path=${path} /></span></div>
    <section class="panel" aria-label=${t('hits_list')}><${Load} of=${of} empty=${html`<${Empty} text=${t('hits_nothing')} hint=${t('hits_nothing_text')} />`}>${(v, rows) => html`<${Table} long label=${t('hits_list')} rows=${rows} by=${(h) => h.id} columns=${[
      { head: t('hits_time'), of: (h) => html`<span class="nowrap">${dayClock(seconds(h.to))}</span>` },
      { head: t('hits_victim'), of: (h) => html`<${Host} ip=${h.victim} />${h.scanner ? html` <span class="chip">${t('hits_scanner')}</span>` : null}` },
      { head: t('hits_vector'), of: (h) => html`<a class="chip" href=${here({ vector: h.vector })}><${Text} v=${h.vector} /></a>` },
      { head: t('packets'), num: true, of: (h) => number(h.packets) },
      { head: t('hits_sensor'), more: true, of: (h) => html`<a class="quiet-link" href=${here({ sensor: h.sensor })}><${Text} v=${h.sensor} /></a>` },
      { head: t('port'), more: true, of: (h) => html`<${Port} port=${`${h.port}/udp`} plain />` },
      { head: t('hits_asked'), more: true, of: asked },
      { head: t('hits_bytes'), num: true, more: true, of: (h) => number(h.bytes) },
      { head: t('hits_replies'), num: true, more: true, of: (h) => number(h.replies) },
      { head: 'TTL', num: true, more: true, of: ttl },
      { head: t('hits_lost'), num: true, more: true, of: (h) => number(h.lost) },
    ]} />`}<//></section><p class="fine">${t('hits_fine')}</p>`;
}
