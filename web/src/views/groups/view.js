/* Hosts that move as one: suspected botnets, as the engines that look for synchrony found them. */
import { html } from '../../dom.js';
import { addTexts, dayTime, number, seconds, t, unit } from '../../i18n.js';
import { ask, useList } from '../../api.js';
import { Chips, Empty, Export, Level, Load, Place, Port, Table, Text } from '../../parts.js';
import { about, param } from '../../router.js';
import { span } from '../../time.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

const LEVELS = ['', 'notice', 'low', 'medium', 'high', 'critical'];
const level = (r) => r.severity || LEVELS[r.level] || 'notice';

export default function Groups() {
  const when = span();
  const path = when && ask('/groups', { from: when.from, to: when.to, country: param('country'), port: param('port'), sensor: param('sensor'), limit: 50 });
  const of = useList(path, true);
  return html`<p class="fine row">${t('groups_note')} <span class="end"><${Export} path=${path} /></span></p>
    <section class="panel" aria-label=${t('groups_list')}><${Load} of=${of} empty=${html`<${Empty} text=${t('groups_none')} hint=${t('groups_none_text')} />`}>${(v, rows) => html`<${Table} label=${t('groups_list')} rows=${rows} by=${(r) => r.id} columns=${[
      { head: t('groups_what'), of: (r) => html`<a href=${about(r.id)}><${Text} v=${r.key} /></a><br /><small lang="en"><${Text} v=${r.text} /></small>` },
      { head: t('groups_level'), of: (r) => html`<${Level} level=${level(r)} />` },
      { head: t('groups_state'), of: (r) => t(r.state === 'off' || r.state === 'close' ? 'state_close' : 'state_open') },
      { head: t('began'), of: (r) => html`<span class="nowrap">${dayTime(seconds(r.from))}</span>` },
      { head: t('groups_hosts'), num: true, of: (r) => number(r.host_count) },
      { head: t('value'), num: true, of: (r) => `${number(r.value)} ${unit(r.unit)}` },
      { head: t('ports_list'), of: (r) => (r.ports || []).slice(0, 4).map((p) => html`<span class="chip"><${Port} port=${p} plain /></span>`) },
      { head: t('country'), of: (r) => html`<${Place} code=${r.country} />` },
      { head: t('sensors'), of: (r) => html`<${Chips} list=${r.sensors} max=${3} />` },
      { head: t('groups_engine'), of: (r) => r.engine || (r.engines || []).join(', ') },
    ]} />`}<//></section>`;
}
