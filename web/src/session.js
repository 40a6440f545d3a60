/* Who is reading. Without accounts (or with a portal that knows none) whoever sits there is an
 * operator of the whole world. */
import { computed, effect, signal } from '@preact/signals';
import { go, href, place } from './router.js';

const ROLES = ['viewer', 'analyst', 'operator', 'admin'];
const LOCAL = { accounts: false, signed_in: true, role: 'operator', scope: { all: true, words: '*' } };
export const me = signal(null); /* null: not asked yet */
export const may = (need) => !!me.value?.signed_in && (need !== 'admin' || me.value.accounts) && ROLES.indexOf(me.value.role) >= ROLES.indexOf(need);
export const signedOut = computed(() => me.value != null && !me.value.signed_in);

async function whoReads() {
  const r = await fetch('/api/v1/me', { headers: { Accept: 'application/json' } });
  if (r.status === 404) return LOCAL;
  if (r.status === 401) return { accounts: true, signed_in: false };
  if (r.ok) return r.json();
  throw new Error(String(r.status));
}
export async function loadMe() {
  me.value = await whoReads();
}

const door = () => href('/sign-in', { back: place.value.path + location.search });
/* Nobody is signed in: to the door, and back here afterwards. */
export const toDoor = () => go(door());

/* The portal answered 401 or ended the stream: is it still the same reader, with the same rights? If not, the page is
 * loaded anew, so that nothing of what was shown is there for the next one. As it is asked first, no 401 of something
 * between makes it load for ever. */
const rights = (m) => JSON.stringify([m.signed_in, m.user, m.org, m.role, m.clearance, m.scope]);
export async function recheck() {
  const was = me.value;
  if (!was) return;
  const is = await whoReads().catch(() => was);
  if (rights(is) === rights(was)) return;
  if (was.signed_in && !is.signed_in) location.replace(door());
  else location.reload();
}

/* Who signs in or out in one tab does so for all of this browser, as its cookie: the others hear of it and ask. */
const tabs = globalThis.BroadcastChannel ? new BroadcastChannel('practice-reader') : null;
if (tabs) {
  effect(() => { if (me.value) tabs.postMessage(rights(me.value)); });
  tabs.onmessage = (e) => { if (me.value && e.data !== rights(me.value)) recheck(); };
}

/* Nor does a step back in the history bring it back. */
addEventListener('pageshow', (e) => { if (e.persisted) location.reload(); });

export function backAgain() {
  const back = place.value.query.get('back') || '/';
  go(/^\/(?![/\\])/.test(back) ? back : '/'); /* never to another host */
}

export async function endSession() {
  try {
    await fetch('/api/v1/session/end', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Practice': '1' }, body: '{}' });
  } finally { location.assign('/sign-in'); } /* nothing of what was shown stays in memory */
}
