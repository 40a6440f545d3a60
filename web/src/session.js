/* Who is reading. Without accounts (or with a portal that knows none) whoever sits there is an
 * operator of the whole world. */
import { computed, signal } from '@preact/signals';
import { go, href, place } from './router.js';

const ROLES = ['viewer', 'analyst', 'operator', 'admin'];
const LOCAL = { accounts: false, signed_in: true, role: 'operator', scope: { all: true, words: '*' } };
export const me = signal(null); /* null: not asked yet */
export const may = (need) => !!me.value?.signed_in && (need !== 'admin' || me.value.accounts) && ROLES.indexOf(me.value.role) >= ROLES.indexOf(need);
export const signedOut = computed(() => me.value != null && !me.value.signed_in);

export async function loadMe() {
  const r = await fetch('/api/v1/me', { headers: { Accept: 'application/json' } });
  if (r.status === 404) me.value = LOCAL;
  else if (r.status === 401) me.value = { accounts: true, signed_in: false };
  else if (r.ok) me.value = await r.json();
  else throw new Error(String(r.status));
}

/* Somebody answered 401: to the door, and back here afterwards. */
export function lost() {
  if (me.value?.signed_in !== false) me.value = { accounts: true, signed_in: false, oidc: me.value?.oidc };
  const { path } = place.value;
  if (path !== '/sign-in') go(href('/sign-in', { back: path + location.search }));
}
export function backAgain() {
  const back = place.value.query.get('back') || '/';
  go(/^\/(?![/\\])/.test(back) ? back : '/'); /* never to another host */
}

export async function endSession() {
  try {
    await fetch('/api/v1/session/end', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Practice': '1' }, body: '{}' });
  } finally { location.assign('/sign-in'); } /* nothing of what was shown stays in memory */
}
