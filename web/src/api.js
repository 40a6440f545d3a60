/* Questions to the portal, and the few hooks by which views ask them. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { recheck } from './session.js';
import { loads } from './state.js';
import { beat, fixed } from './time.js';

const base = '/api/v1';

async function answer(r) {
  if (r.ok) return r.status === 204 ? null : r.json();
  let said = {};
  try { said = (await r.json()).error || {}; } catch { /* no words of ours */ }
  if (r.status === 401 && said.code !== 'denied' && said.code !== 'code_needed' && said.code !== 'wait') recheck();
  throw Object.assign(new Error(said.text || String(r.status)), { status: r.status, code: said.code, said });
}
export const get = (path, signal) => fetch(base + path, { headers: { Accept: 'application/json' }, signal }).then(answer);
/* Everything that changes something says so in a header that no foreign page can send. */
export const post = (path, body) => fetch(base + path, {
  method: 'POST', headers: { Accept: 'application/json', 'Content-Type': 'application/json', 'X-Practice': '1' }, body: JSON.stringify(body ?? {}),
}).then(answer);

/* A file, and whether there was more than it holds. */
export const postFile = (path, body) => fetch(base + path, {
  method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Practice': '1' }, body: JSON.stringify(body),
}).then(async (r) => (r.ok ? { blob: await r.blob(), truncated: r.headers.has('X-Truncated') } : answer(r)));

/* "/attacks" and {from, limit}: what is empty is left out. */
export function ask(path, params) {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(params || {})) if (v != null && v !== '') q.set(k, v);
  const s = String(q);
  return s ? `${path}?${s}` : path;
}

/* The answer to one question; asked again when it changes, and at every beat when `live`. path null: not
 * yet. What was there stays until the new is: views of another subject have another key. */
export function useAnswer(path, live) {
  const [state, set] = useState({ busy: true }), [n, setN] = useState(0), waits = useRef(false);
  const b = live ? beat.value : 0;
  useEffect(() => {
    if (!path) return undefined;
    const c = new AbortController();
    waits.current = true;
    set((old) => ({ ...old, busy: true }));
    get(path, c.signal).then(
      (value) => { waits.current = false; set({ value, path }); },
      (error) => {
        if (c.signal.aborted) return;
        waits.current = false;
        set((old) => ({ value: old.path === path ? old.value : undefined, path, error }));
      });
    return () => c.abort();
  }, [path, n]);
  useEffect(() => { if (b && !waits.current) setN((k) => k + 1); }, [b]); /* a slow answer is not asked for again meanwhile */
  return { ...state, asked: path, again: () => setN(n + 1) };
}

/* The answer that events go on from: asked again when some of them may have been missed. */
export function useKept(path) {
  const of = useAnswer(path), n = loads.value, had = useRef(n);
  useEffect(() => {
    if (had.current === n) return;
    had.current = n;
    of.again();
  }, [n]);
  return of;
}

/* A long list, page by page: rows so far, `more` when there are more. Its question stands still while
 * further pages are open: else "the last 24 hours" would move under them. */
export function useList(path, live) {
  const [rest, setRest] = useState(null), [busy, setBusy] = useState(false);
  const stem = path && !fixed() ? path.replace(/\bfrom=[^&]+/, '') : path;
  const mine = rest?.stem === stem ? rest : null;
  const first = useAnswer(mine ? mine.path : path, live && !mine);
  const rows = first.value ? [...(first.value.rows || []), ...(mine?.rows || [])] : null;
  const next = mine ? mine.next : first.value?.next;
  const more = !next ? null : () => {
    setBusy(true);
    get(`${first.path}${first.path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(next)}`)
      .then((v) => setRest({ stem, path: first.path, rows: [...(mine?.rows || []), ...v.rows], next: v.next }), () => {})
      .then(() => setBusy(false));
  };
  return { ...first, rows, more, moreBusy: busy, truncated: !!first.value?.truncated && !next };
}
