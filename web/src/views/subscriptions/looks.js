/* Trying a subscription: a test message by its ways, and what it would have told of the last days. */
import { useState } from 'preact/hooks';
import { html } from '../../dom.js';
import { t } from '../../i18n.js';
import { post, useAnswer } from '../../api.js';
import { Said, useDoing } from '../../form.js';
import { Empty, Load, Table, Text, Time } from '../../parts.js';
import { href, put } from '../../router.js';

export function Test({ s, again }) {
  const [run, busy, said] = useDoing(), [came, setCame] = useState(null);
  const test = () => { setCame(null); run(post(`/subscriptions/${s.id}/test`), (v) => { setCame(v); again(); }); };
  const words = came && (came.answers.length === 0 ? t('sub_test_waits') : came.answers.map((a) => `${a.way && t('sub_way_' + a.way) + ': '}${t('sub_told_' + a.state)}${a.text && ' (' + a.text + ')'}`).join(', '));
  return html`<button type="button" class="plain small" disabled=${busy} aria-busy=${busy} onClick=${test}>${t(busy ? 'sub_testing' : 'sub_test')} <span class="sr"><${Text} v=${s.title} /></span></button>
    <span role="status">${words && html`<small><${Text} v=${words} /></small>`}</span><${Said} said=${said} />`;
}

export function Preview({ s }) {
  const of = useAnswer(`/subscriptions/${s.id}/matches`);
  return html`<section class="edit panel" aria-labelledby="sub-look"><h2 id="sub-look">${t('sub_preview_of')} <${Text} v=${s.title} /></h2>
    <${Load} of=${of} rows=${4}>${(v) => (v.items.length === 0 ? html`<${Empty} text=${t('sub_preview_none')} hint=${t('sub_preview_hint')} />` : html`<p>${t('sub_preview_sum', { a: v.attacks, b: v.alerts })}${v.truncated && ' ' + t('sub_preview_more')}</p>
      <${Table} label=${t('sub_preview_of')} rows=${v.items} by=${(x) => x.kind + x.id} columns=${[
        { head: t('sub_title'), of: (x) => html`<a href=${href(`/${x.kind}s/${encodeURIComponent(x.id)}`)}><${Text} v=${x.title} /></a>` },
        { head: t('began'), of: (x) => html`<${Time} at=${x.from} />` }, { head: t('sub_latest'), of: (x) => html`<${Time} at=${x.at} />` }]} />`)}<//>
    <p class="row"><button type="button" class="plain" onClick=${() => put({ look: null })}>${t('close')}</button></p></section>`;
}
