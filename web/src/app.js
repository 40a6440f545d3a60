/* The page: header, the view that the path names, footer. Views are loaded when they are first opened. */
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { effect, signal } from '@preact/signals';
import { html } from './dom.js';
import { keep, lang, t, theme, zone, zoneLabel } from './i18n.js';
import * as s from './state.js';
import { start } from './net.js';
import { Drawer } from './drawer.js';
import { Header, siteTitle, viewTitle } from './header.js';
import { Trouble, Waiting } from './parts.js';
import { find, href, moves, path, put } from './router.js';
import { loadMe, may, me, signedOut, toDoor } from './session.js';
import { Bar } from './bar.js';
import { Quality } from './sensors.js';
import { fixed } from './time.js';
import { VIEWS } from './views.js';

const loaded = new Map(); /* view -> its module */

function useView(view) {
  const [, touch] = useState(0), [error, setError] = useState(null);
  const load = () => { setError(null); view.load().then((m) => { loaded.set(view, m); touch((n) => n + 1); }, setError); };
  useEffect(() => { if (view && !loaded.has(view)) load(); }, [view]);
  return { module: view && loaded.get(view), error, again: load };
}

const Footer = () => html`<footer class="foot"><p>${t('footer_darknet')} ${t('footer_times', { zone: zoneLabel.value })}</p>
  <p><a href="/api/v1/openapi.json">${t('footer_api')}</a>${may('operator') && html` · <a href="/api/v1/metrics">${t('footer_metrics')}</a>`} · <a href="/licenses.txt">${t('footer_licenses')}</a>${s.status.value?.version && html` · ${t('version', { v: s.status.value.version })}`}</p></footer>`;

/* Screen readers and keyboards follow to where the reader went: its heading. */
function useFocus(ready) {
  const head = useRef(), at = useRef(moves.value);
  useEffect(() => {
    if (!ready || at.current === moves.value) return;
    at.current = moves.value;
    head.current?.focus({ preventScroll: true });
  });
  return head;
}

function View() {
  const found = find(VIEWS, path.value), view = found?.view;
  const allowed = view && (view.open || may(view.need));
  const { module, error, again } = useView(allowed ? view : null);
  const head = useFocus(!view || !allowed || module || error);
  const title = !view ? t('missing_title') : module?.title?.(found.rest) || viewTitle(view);
  useEffect(() => {
    const open = s.counts.value.open;
    document.title = (open > 0 ? `(${open}) ` : '') + (view?.name === 'now' ? siteTitle() : `${title} · ${siteTitle()}`);
  });
  const body = !view ? html`<div class="whole"><p>${t('missing_text')}</p><p><a href=${href('/')}>${viewTitle(VIEWS[0])}</a></p></div>`
    : !allowed ? html`<div class="whole"><p>${t('forbidden_text')}</p></div>`
    : error ? html`<${Trouble} error=${error} again=${again} />`
    : module ? html`<${module.default} rest=${found.rest} key=${view.name + found.rest} />` : html`<${Waiting} />`;
  return html`<div class=${'view-head' + (view?.plain ? ' sr' : '')}><h1 tabindex="-1" ref=${head}>${title}</h1>
    ${allowed && view.bar && html`<${Bar} usual=${view.bar} uses=${view.uses || []} />`}</div>${allowed && (view.name === 'now' || (view.bar && !fixed())) && html`<${Quality} />`}${body}`;
}

const unreached = signal(null);
async function enter() {
  unreached.value = null;
  try {
    await loadMe();
  } catch (e) {
    unreached.value = e;
    setTimeout(() => { if (unreached.value === e) enter(); }, 5000);
  }
}
effect(() => {
  if (me.value?.signed_in) start();
  else if (signedOut.value && !find(VIEWS, path.peek())?.view.open) toDoor();
});

function App() {
  if (me.value == null) return html`<${Header} /><main id="main" tabindex="-1">${unreached.value ? html`<${Trouble} error=${unreached.value} again=${enter} whole />` : html`<${Waiting} />`}</main>`;
  return html`<a class="skip" href="#main">${t('skip')}</a><${Header} />
    <main id="main" tabindex="-1"><${View} /></main><${Footer} /><${Drawer} />
    <p class="sr" role="log" aria-live="polite">${s.said.value}</p>`;
}

/* ---- what outlives a reload, and a link that shows the same to somebody else ---- */
effect(() => {
  document.documentElement.lang = lang.value;
  document.documentElement.dataset.theme = theme.value;
  keep('lang', lang.value);
  keep('tz', zone.value);
  keep('theme', theme.value);
});
effect(() => put({ tz: zone.value === 'utc' ? null : zone.value }));
effect(() => { if (new URLSearchParams(location.search).has('lang')) put({ lang: lang.value }); });
effect(() => {
  void lang.value;
  s.said.value = ''; /* what was said was in the other language */
});

render(html`<${App} />`, document.getElementById('root'));
find(VIEWS, path.peek())?.view.load().catch(() => {}); /* while it is asked who reads; a failure is met when it is shown */
enter();
