/* Views that somebody keeps by a name: all that is in the address, but the language and the time zone, which are the
 * reader's own. */
import { useRef, useState } from 'preact/hooks';
import { signal } from '@preact/signals';
import { get, post } from './api.js';
import { html } from './dom.js';
import { Said, useDoing } from './form.js';
import { lang, t } from './i18n.js';
import { Menu } from './menu.js';
import { Text } from './parts.js';
import { place } from './router.js';

const MOST = 50;
const saved = signal(null); /* null: not asked for yet */
const load = () => get('/me/views').then((v) => { saved.value = v.rows; });

const OWN = ['lang', 'tz'];
const address = (path, query) => (String(query) ? `${path}?${query}` : path);
function placeHere() {
  const query = new URLSearchParams(place.value.query);
  for (const k of OWN) query.delete(k);
  return address(place.value.path, query);
}
/* Back to it in the language and the time zone of now. */
function link(to) {
  const [path, words] = to.split('?', 2), query = new URLSearchParams(words);
  for (const k of OWN) if (place.value.query.has(k)) query.set(k, place.value.query.get(k));
  return address(path, query);
}

export function SavedViews({ title }) {
  const [name, setName] = useState(''), [done, setDone] = useState(''), [run, busy, said] = useDoing();
  const field = useRef(), rows = saved.value || [], now = placeHere();
  const sorted = [...rows].sort((a, b) => a.name.localeCompare(b.name, lang.value));
  const change = (path, body, words) => run(post(path, body).then(load), () => { setDone(words); field.current.focus(); });
  const save = (e) => {
    e.preventDefault();
    const as = name.trim() || title;
    change('/me/views', { name: as, place: now }, t('saved_done', { name: as })).then((ok) => { if (ok) setName(''); });
  };
  return html`<${Menu} className="saved" onOpen=${() => { setDone(''); run(load()); }} label=${html`<span aria-hidden="true">★</span><span class="saved-word">${t('saved')}</span>`}>
    <form class="saved-form" onSubmit=${save}>
      <label class="field"><span>${t('saved_name')}</span><input ref=${field} value=${name} placeholder=${title} maxlength="80" autocomplete="off" onInput=${(e) => setName(e.target.value)} /></label>
      <button type="submit" class="strong" disabled=${busy || (rows.length >= MOST && !rows.some((v) => v.name === (name.trim() || title)))}>${t('saved_save')}</button></form>
    ${rows.some((v) => v.name === (name.trim() || title)) && html`<p class="note">${t('saved_again')}</p>`}
    ${rows.length >= MOST && html`<p class="note">${t('saved_full', { n: MOST })}</p>`}
    <${Said} said=${said} /><p class="note" role="status">${done}</p>
    ${sorted.length ? html`<ul class="saved-list">${sorted.map((v) => html`<li key=${v.name}><a href=${link(v.place)} aria-current=${v.place === now ? 'page' : null}><${Text} v=${v.name} /></a>
        <button type="button" class="x-small" disabled=${busy} aria-label=${t('saved_remove', { name: v.name })} onClick=${() => change('/me/views/end', { name: v.name }, t('saved_removed', { name: v.name }))}>✕</button></li>`)}</ul>`
      : saved.value && html`<p class="note">${t('saved_none')}</p>`}
  <//>`;
}
