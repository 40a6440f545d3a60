/* Where the reader is: the path says which view, the query string says of what. Both can be sent to
 * somebody else, and back and forward work as anywhere. */
import { computed, signal } from '@preact/signals';

const read = () => ({ path: location.pathname, query: new URLSearchParams(location.search) });
export const place = signal(read());
/* What goes along from view to view: the time, and the filters that several views know. */
export const KEPT = ['lang', 'tz', 'range', 'from', 'to', 'country', 'asn', 'port', 'sensor'];
export const FILTERS = ['country', 'asn', 'port', 'sensor'];

export const param = (name) => place.value.query.get(name);
const join = (path, query) => (query.size || [...query].length ? `${path}?${query}` : path);
const apply = (query, changes) => {
  for (const [k, v] of Object.entries(changes || {})) v == null || v === '' ? query.delete(k) : query.set(k, v);
  return query;
};

/* A link to a view, with what goes along. */
export function href(path, changes) {
  const old = place.value.query, query = new URLSearchParams();
  for (const k of KEPT) if (old.has(k)) query.set(k, old.get(k));
  return join(path, apply(query, changes));
}
/* The same view of something else. */
export const here = (changes) => join(place.value.path, apply(new URLSearchParams(place.value.query), changes));

export const moves = signal(0); /* rises when the reader went somewhere: the focus follows */
function show(url, replace) {
  const before = place.value.path;
  history[replace ? 'replaceState' : 'pushState'](null, '', url);
  place.value = read();
  if (place.value.path !== before) { moves.value++; scrollTo(0, 0); }
}
export const go = (url) => show(url, false);
export function put(changes, push) {
  const url = here(changes);
  if (url !== place.value.path + location.search) show(url, !push);
}

/* /about/1433/tcp: what stands behind "/about/" is one word, slashes and all. */
export const about = (what) => href('/about/' + String(what).split('/').map(encodeURIComponent).join('/'));

addEventListener('popstate', () => {
  const before = place.value.path;
  place.value = read();
  if (place.value.path !== before) moves.value++;
});
/* Links within the page are followed here; all else (API, files, new tabs) is the browser's. */
export const isPage = (path) => !path.startsWith('/api/') && !/\.\w+$/.test(path.replace(/^\/about\/.*/, ''));
addEventListener('click', (e) => {
  const a = e.target.closest?.('a[href]');
  if (!a || e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
  if (a.origin !== location.origin || a.target || a.hasAttribute('download') || !isPage(a.pathname)) return;
  if (a.hash && a.pathname === location.pathname) return;
  e.preventDefault();
  go(a.pathname + a.search);
});

/* The view of a path: exact, or "/attacks/*", whose rest is handed on. */
export function find(views, path) {
  for (const v of views) {
    if (v.path === path) return { view: v, rest: '' };
    if (v.path.endsWith('/*') && path.startsWith(v.path.slice(0, -1)) && path.length > v.path.length - 1) {
      let rest = path.slice(v.path.length - 1);
      try { rest = decodeURIComponent(rest); } catch { /* as it stands */ }
      return { view: v, rest };
    }
  }
  return null;
}
export const path = computed(() => place.value.path);
