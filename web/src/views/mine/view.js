/* The reader's own part of the world: what comes from it, who in it is attacked, and what is new. A reader
 * of the whole world chooses a country or a network; all others have theirs. */
import { useEffect, useState } from 'preact/hooks';
import { html } from '../../dom.js';
import { addTexts, country, dayTime, keep, number, seconds, t } from '../../i18n.js';
import { ask, useAnswer } from '../../api.js';
import { Change } from '../../change.js';
import { Empty, Load } from '../../parts.js';
import { param, put } from '../../router.js';
import { me } from '../../session.js';
import { world } from '../../state.js';
import { iso, span } from '../../time.js';
import { Groups, Surges, Towards, Victims } from './lists.js';
import { Aims, Hosts, Hours, Parts, Seen } from './sources.js';
import en from './en.json';
import ja from './ja.json';

addTexts({ en, ja });

const VISIT = 600; /* seconds of the observations' clock: sooner is the same visit */
const stored = (k) => { try { return localStorage.getItem('practice.' + k); } catch { return null; /* private mode */ } };
const lastVisit = () => { try { return JSON.parse(stored('visit')); } catch { return null; } };
const lastCountry = () => (/^[A-Z]{2}$/.test(stored('mine') || '') ? stored('mine') : null);

/* When the reader was here before. A link may say since when (since=). */
function useSince(to) {
  const [since, setSince] = useState(null), at = to && seconds(to);
  useEffect(() => {
    if (!at) return;
    const old = lastVisit(), next = !old || at - old.at > VISIT || at < old.at ? { at, since: old && old.at <= at ? old.at : null } : { at: old.at, since: old.since };
    keep('visit', JSON.stringify(next));
    setSince(next.since);
  }, [!!at]);
  return param('since') || (since ? iso(since) : null);
}

function Chooser() {
  const [asn, setAsn] = useState(param('asn') || ''), here = param('country') || '';
  const codes = [...new Set([...world.value.map((r) => r[0]), here].filter((c) => /^[A-Z]{2}$/.test(c)))].sort((a, b) => country(a).localeCompare(country(b)));
  const pick = (c) => { keep('mine', c); put({ country: c || null, asn: null }, true); };
  const submit = (e) => { e.preventDefault(); const n = asn.replace(/^as/i, '').trim(); put({ asn: n || null, country: null }, true); };
  return html`<div class="controls"><label class="field row">${t('mine_country')} <select value=${here} onChange=${(e) => pick(e.target.value)}><option value="">–</option>${codes.map((c) => html`<option value=${c}>${country(c)}</option>`)}</select></label>
    <form class="field-form" onSubmit=${submit}><label class="field row">${t('mine_network')} <input value=${asn} placeholder="AS64500" pattern="([aA][sS])?[0-9]{1,10}" onInput=${(e) => setAsn(e.target.value)} /></label><button type="submit" class="plain">${t('mine_show')}</button></form></div>`;
}

const sum = (v, when) => v.sources.filter((p) => p.kind !== 'asn' || !v.sources.some((x) => x.kind === 'country')).reduce((a, p) => a + p[when].sources, 0);
const fact = (name, v, note, className) => html`<div class=${'stat ' + (className || '')}><dt>${name}</dt><dd><b>${v}</b>${note && html`<small>${note}</small>`}</dd></div>`;
const fresh = (x) => (x.new > 0 ? t('mine_n_new', { n: number(x.new) }) : null);
function Sums({ v }) {
  const now = sum(v, 'now'), before = sum(v, 'before');
  return html`<dl class="stats">
    ${fact(t('mine_hosts'), html`<a href="#hosts">${number(now)}</a>`, html`<${Change} now=${now} before=${before} /> ${t('mine_before', { n: number(before) })}`)}
    ${fact(t('mine_victims'), html`<a href="#victims">${number(v.victims.open)}</a>`, fresh(v.victims) || t('mine_running'), v.victims.open ? 'edge-high' : '')}
    ${fact(t('mine_surges'), html`<a href="#surges">${number(v.surges.open)}</a>`, fresh(v.surges) || t('mine_open'), v.surges.open ? 'edge-medium' : '')}
    ${fact(t('mine_groups'), html`<a href="#own-groups">${number(v.groups.open)}</a>`, fresh(v.groups) || t('mine_open'), v.groups.open ? 'edge-medium' : '')}</dl>`;
}

function News({ v }) {
  if (!v.since) return html`<p class="fine news">${t('mine_first_visit')}</p>`;
  const list = ['victims', 'surges', 'groups'].filter((k) => v[k].new > 0).map((k) => t('mine_new_' + k, { n: number(v[k].new) }));
  return html`<p class=${'news' + (list.length ? ' quality' : ' fine')} role="status"><b>${t('mine_since', { at: dayTime(seconds(v.since)) })}</b> ${list.length ? list.map((x) => html`<span>${x}</span>`) : t('mine_nothing_new')}</p>`;
}

function Whole({ v }) {
  return html`<${News} v=${v} /><${Sums} v=${v} /><div class="grid">
    <${Hours} v=${v} /><${Parts} v=${v} /><${Victims} v=${v} /><${Surges} v=${v} /><${Hosts} v=${v} /><${Aims} v=${v} /><${Seen} v=${v} /><${Towards} v=${v} /><${Groups} v=${v} /></div>
    <p class="fine">${t('mine_no_candc')}</p>`;
}

/* A visit begins when the newest observations are known: until then nothing is asked. */
export default function Mine() {
  const when = span({ usual: '24h' }), since = useSince(when && (when.to || iso(seconds(when.from) + when.length)));
  const all = me.value?.scope?.all, usual = all && !param('country') && !param('asn') ? lastCountry() : null;
  const asked = !all || param('country') || param('asn') || usual;
  useEffect(() => { if (usual) put({ country: usual }); }, [usual]);
  const of = useAnswer(when && asked && !usual ? ask('/mine', { from: when.from, to: when.to, since, ...(all ? { country: param('country'), asn: param('asn') } : {}) }) : null, true);
  return html`${all ? html`<${Chooser} />` : html`<p class="fine">${t('mine_scope')} <b class="mono">${me.value?.scope?.words}</b></p>`}
    ${!asked ? html`<section class="panel"><${Empty} text=${t('mine_choose')} hint=${t('mine_choose_text')} /></section>` : html`<${Load} of=${of} rows=${10}>${(v) => html`<${Whole} v=${v} />`}<//>`}`;
}
