/* Alerts: what is open as it comes, and all that was, by time and filter. */
import { Choice, html } from '../../dom.js';
import { addTexts, dayTime, duration, seconds, t } from '../../i18n.js';
import { useEffect, useState } from 'preact/hooks';
import { ask, useKept, useList } from '../../api.js';
import { labelWord, standing } from '../../decisions.js';
import { Chips, Empty, Export, Level, Load, Port, Table, Text } from '../../parts.js';
import { href, param, put } from '../../router.js';
import { may } from '../../session.js';
import { alertList, decided, eventTime, isOpen, loaded, status } from '../../state.js';
import { span } from '../../time.js';
import { titleOf, timesUsual, valueOf } from '../../words.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

const RANKS = ['notice', 'low', 'medium', 'high', 'critical'];
const sure = (a) => RANKS.indexOf(a.severity) >= RANKS.indexOf(param('severity') || 'notice');
const matches = (a) => sure(a) && (!param('kind') || a.kind === param('kind')) && (!param('country') || a.country === param('country')) &&
  (!param('asn') || String(a.asn) === param('asn')) && (!param('port') || a.ports?.includes(param('port'))) && (!param('sensor') || a.sensors?.includes(param('sensor')));

const lasted = (a) => duration((isOpen(a) ? Math.max(eventTime.value ?? 0, seconds(a.to) ?? 0) : seconds(a.closed) ?? seconds(a.to)) - seconds(a.from));

/* What stands of what people decided, by alert: the latest there are, and others as they come. Analysts see who decided. */
function useStanding() {
  const kept = useKept(may('analyst') && status.value?.history ? '/decisions?limit=1000' : null);
  const [since, setSince] = useState([]), last = decided.value;
  useEffect(() => { if (last) setSince((old) => (old.some((d) => d.id === last.id) ? old : [...old, last])); }, [last]);
  const all = [...(kept.value?.rows || [])].reverse(), by = new Map();
  for (const d of [...all, ...since.filter((x) => !all.some((y) => y.id === x.id))]) by.set(d.alert, [...(by.get(d.alert) || []), d]);
  return (id) => standing(by.get(id) || []);
}
function Standing({ is }) {
  const say = (d, words) => html`<span class="chip" title=${`${d.user}${d.org ? ` (${d.org})` : ''}`}><${Text} v=${words} /></span>`;
  return html`<span class="chips">${is.ack && say(is.ack, t('alerts_acked'))}${is.assign && say(is.assign, `→ ${is.assign.text}`)}${is.label && say(is.label, labelWord(is.label))}</span>`;
}

function List({ rows }) {
  const standingOf = useStanding();
  return html`<${Table} long label=${t('alerts')} rows=${rows} by=${(a) => a.id} columns=${[
    { head: t('alerts_what'), of: (a) => html`<a href=${href('/alerts/' + encodeURIComponent(a.id))}><${Text} v=${titleOf(a)} /></a>` },
    { head: t('alerts_severity'), of: (a) => html`<${Level} level=${a.severity} />` },
    { head: t('alerts_state'), of: (a) => html`<span class=${'state-' + a.state}>${t('state_' + a.state)}</span>` },
    { head: t('began'), of: (a) => html`<span class="nowrap">${dayTime(seconds(a.from))}</span>` },
    { head: t('alerts_lasts'), num: true, of: lasted },
    { head: t('value'), num: true, of: (a) => html`${valueOf(a)}${timesUsual(a) ? html`<br /><small>${t('times_usual', { n: timesUsual(a) })}</small>` : null}` },
    { head: t('sensors'), of: (a) => html`<${Chips} list=${a.sensors} max=${3} />` },
    { head: t('ports_list'), of: (a) => (a.ports || []).slice(0, 3).map((p) => html`<span class="chip"><${Port} port=${p} plain /></span>`) },
    may('analyst') && { head: t('decisions'), of: (a) => html`<${Standing} is=${standingOf(a.id)} />` },
    { head: 'TLP', of: (a) => html`<span class="tlp" translate=${false}>${a.tlp}</span>` },
  ]} />`;
}

function Open() {
  const rows = alertList.value.filter((a) => isOpen(a) && matches(a));
  if (!loaded.value) return html`<${Load} of=${{ busy: true }} />`;
  return rows.length ? html`<${List} rows=${rows} />` : html`<${Empty} text=${t('alerts_none')} hint=${t('alerts_none_text')} />`;
}

const show = () => (status.value?.history && ['closed', 'all'].includes(param('show')) ? param('show') : 'open');
function Past() {
  const when = span();
  const path = when && ask('/alerts', { from: when.from, to: when.to, country: param('country'), asn: param('asn'), port: param('port'), sensor: param('sensor'), severity: param('severity'), kind: param('kind'), state: show() === 'closed' ? 'close' : null, limit: 100 });
  const of = useList(path, true);
  return html`<p class="row end"><${Export} path=${path} /></p><${Load} of=${of}>${(v, r) => html`<${List} rows=${r} />`}<//>`;
}

export default function Alerts() {
  const past = show() !== 'open';
  return html`<div class="controls">
      <${Choice} name="show" label=${t('alerts')} value=${show()} onChange=${(v) => put({ show: v === 'open' ? null : v }, true)}
        options=${[['open', t('alerts_open')], ...(status.value?.history ? [['closed', t('alerts_closed')], ['all', t('alerts_past')]] : [])]} />
      <label class="field row">${t('alerts_least')} <select value=${param('severity') || 'notice'} onChange=${(e) => put({ severity: e.target.value === 'notice' ? null : e.target.value }, true)}>${RANKS.map((r) => html`<option value=${r}>${t('sev_' + r)}</option>`)}</select></label>
      ${param('kind') && html`<span class="chip">${param('kind')} <button type="button" class="bare" aria-label=${t('filter_remove', { name: param('kind') })} onClick=${() => put({ kind: null }, true)}>✕</button></span>`}
    </div>
    <section class="panel" aria-label=${t({ open: 'alerts_open', closed: 'alerts_closed', all: 'alerts_past' }[show()])}>${past ? html`<${Past} />` : html`<${Open} />`}</section>
    <p class="fine">${t('alerts_fine')}</p>`;
}
