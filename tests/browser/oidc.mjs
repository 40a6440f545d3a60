/* From the button to the view one came for, with cookies as a browser keeps them. Prints TAP.
 * Usage: node oidc.mjs COMMAND THAT SAYS THE PORTAL'S PORT; THERE: the password at the provider. */
import { axeRun, check, complaints, open, run, shot, text, until, url } from './lib.mjs';

/* What the provider's own page does once the password is typed: its scripts are Debian's, and may
 * not be installed. */
const there = async (p, user) => {
  await p.waitForURL(/login\.html/, { timeout: 60000 });
  await p.evaluate(async ([username, password]) => {
    const said = (method, path, body) => fetch(path, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    const r = await said('POST', '/api/auth/', { username, password });
    if (!r.ok) throw new Error('the provider says ' + r.status);
    await said('PUT', '/api/auth/grant/practice', { scope: 'openid' });
    setTimeout(() => location.assign(new URLSearchParams(location.search).get('callback_url') + '&g_continue'), 0);
  }, [user, process.env.THERE]);
  await p.waitForURL((u) => u.origin === new URL(url).origin, { timeout: 60000 });
};
const signOut = async (p) => {
  await p.locator('.account summary').click();
  await p.locator('.account button', { hasText: /Sign out|サインアウト/ }).click();
  await p.waitForSelector('.sign-in', { timeout: 60000 });
};

await run(async () => {
  const p = await open({ query: 'attacks?range=7d&lang=en' });
  await p.waitForSelector('.sign-in .provider a');
  check('the door has the button, with the name of the provider', (await text(p, '.provider a')) === 'Sign in with House key');
  const found = await axeRun(p), over = await p.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  check('axe finds nothing, no horizontal scroll', found.length === 0 && over <= 0, found);
  await shot(p, 'sign-in-oidc');

  p.mine = false; /* what the provider's page writes is not ours */
  await p.locator('.provider a').click();
  await there(p, 'mika');
  p.mine = true;
  check('back from another site, one is at the view one came for', await until(async () => new URL(p.url()).pathname === '/attacks' && p.url().includes('range=7d'), 20000), p.url());
  check('and signed in, though the session comes along nowhere from elsewhere', await until(() => p.locator('nav a').count(), 20000), await p.content());
  const cookies = await p.context().cookies(url);
  check('the session is strict and not for scripts; the cookie of the way is gone', JSON.stringify(cookies.map((c) => [c.name, c.sameSite, c.httpOnly])) === '[["practice","Strict",true]]', cookies);
  await p.reload();
  check('it holds when the page is loaded again', await until(() => p.locator('nav a').count(), 20000));
  await signOut(p);
  check('signed out, nobody is signed in again by itself', (await p.locator('nav a').count()) === 0 && (await p.context().cookies(url)).length === 0);

  /* The provider knows its people still: one click. */
  p.mine = false;
  await p.goto(url + 'sign-in?lang=ja');
  await p.waitForSelector('.provider a');
  check('Japanese: the name is its own', (await text(p, '.provider a')) === '鍵でサインイン', await text(p, '.provider'));
  await shot(p, 'sign-in-oidc-ja');
  await p.context().clearCookies();
  await p.locator('.provider a').click();
  await there(p, 'ren');
  p.mine = true;
  check('who has no account here is told so', await until(async () => (await text(p, '.sign-in [role=alert]')).includes('アカウントがまだありません'), 20000), await p.content());
  await shot(p, 'sign-in-oidc-unknown-ja');
  check('nothing that the provider sent stays in the address', !/code=|state=/.test(p.url()), p.url());
  for (const [word, says] of [['expired', 'took too long'], ['nonsense', 'did not work'], ['<b>x', 'did not work']]) {
    await p.goto(`${url}sign-in?lang=en&oidc=${encodeURIComponent(word)}`);
    check(`a reason in words: ${word}`, await until(async () => (await text(p, '.sign-in [role=alert]')).includes(says), 20000), await p.content());
  }
  await p.goto(url + 'sign-in?lang=en&oidc=code');
  check('a code that is owed is asked for, and nothing else', await until(async () => (await p.locator('.sign-in input').count()) === 1 && (await p.locator('input[name=code]').count()) === 1, 20000));
  await p.locator('input[name=code]').fill('123456');
  p.mine = false; /* 401 */
  await p.keyboard.press('Enter');
  check('a wrong one, or nobody who owes it, is refused', await until(async () => (await text(p, '.sign-in [role=alert]')).includes('code was not right'), 20000));
  p.mine = true;
  check('the page kept to its policy', !complaints.some((c) => c.startsWith('CSP')), complaints);
});
