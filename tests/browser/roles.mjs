/* The door, and what each role finds behind it; one's own account; administration. Prints TAP.
 * Usage: node roles.mjs PAGE_SERVER ACCOUNTS */
import { axeRun, check, complaints, open, run, say, shot, text, until, url } from './lib.mjs';
import { move } from './look.mjs';

const NAV = {
  viewer: ['Now', 'My network', 'Alerts', 'Attacks', 'Ports', 'Groups', 'Compare sensors', 'Subscriptions'],
  analyst: ['Flows'], operator: ['System'], admin: ['Administration'],
};
const signIn = async (p, user, password = 'correct horse battery') => {
  await p.waitForSelector('.sign-in');
  await p.locator('input[name=user]').fill(user);
  await p.locator('input[name=password]').fill(password);
  await p.keyboard.press('Enter');
};
const signedIn = (p) => until(() => p.locator('nav a').count(), 20000);
const clean = async (p, what) => {
  const found = await axeRun(p), over = await p.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  check(`${what}: axe finds nothing, no horizontal scroll`, found.length === 0 && over <= 0, found);
  await shot(p, what.replace(/\W+/g, '-'));
};

/* Another person in one tab: the other does not show, and not go on to hear, what was the first one's. */
async function twoTabs() {
  const p = await open({ query: 'sign-in?lang=en' });
  await signIn(p, 'operator');
  await signedIn(p);
  const q = await p.context().newPage();
  await q.goto(new URL('/alerts', url).href);
  check('a second tab is the same reader', await until(() => q.locator('nav a', { hasText: 'System' }).count(), 20000));
  await q.evaluate(() => { window.former = true; });
  const st = await p.evaluate(() => fetch('/api/v1/session', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Practice': '1' }, body: '{"user":"viewer","password":"correct horse battery"}' }).then((r) => r.status));
  await p.reload();
  await signedIn(p);
  check('who signs in in one tab is the reader of the other', st === 200 && await until(async () => await signedIn(q) && (await q.locator('nav a', { hasText: 'System' }).count()) === 0, 20000));
  check('which is loaded anew', await q.evaluate(() => !window.former));
  await q.evaluate(() => { window.former = true; });
  await move(p, '/account');
  await p.locator('main button', { hasText: 'Sign out' }).click();
  check('so is who signs out', await until(async () => new URL(q.url()).pathname === '/sign-in', 20000) && await q.evaluate(() => !window.former), q.url());
  await p.waitForSelector('.sign-in');
  await signIn(p, 'viewer');
  check('and whoever waits at the door is let in with the other', await until(async () => new URL(q.url()).pathname === '/alerts' && await q.locator('nav a').count(), 20000), q.url());
  await p.context().clearCookies();
  await q.close();
  await p.close();
}

/* What somebody saw live is caught up with after a pause, and is nobody else's afterwards. */
async function changesHands() {
  const p = await open({ query: 'sign-in?lang=en' }), ours = (sel) => until(async () => (await text(p, sel).catch(() => '')).includes('198.51.100.9'), 20000);
  await signIn(p, 'operator');
  await signedIn(p);
  await move(p, '/alerts');
  await say('alert a-9 open high drdos drdos:198.51.100.9:dns');
  check('an alert comes by itself', await ours('main tbody'));
  await p.locator('header button', { hasText: 'Pause' }).click();
  await p.evaluate(() => fetch('/api/v1/alerts/a-9/decisions', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Practice': '1' }, body: '{"act":"ack","text":""}' }));
  await p.locator('header button', { hasText: 'Resume' }).click();
  check('what was decided during a pause shows after it', await until(() => p.locator('main tbody .chip', { hasText: 'acknowledged' }).count(), 20000), await text(p, 'main'));
  await move(p, '/');
  await p.waitForSelector('.stream');
  const past = () => p.locator('.stream-list', { hasText: '203.0.113.77' }).count(), before = await past();
  await p.route('**/api/v1/status', async (r) => { /* a honeypot speaks for the first time */
    const response = await r.fetch(), v = await response.json();
    await r.fulfill({ response, json: { ...v, sensors: [...v.sensors, { ...v.sensors[0], sensor: 'osaka', source: 'honeypot', heard: v.event_time }] } });
  });
  for (const b of ['Pause', 'Resume']) await p.locator('header button', { hasText: b }).click();
  check('attacks of before are asked for once a honeypot is known', before === 0 && await until(past, 20000), await text(p, '.stream'));
  await p.unroute('**/api/v1/status');
  await say('attack e-9 198.51.100.9 update dns');
  check('an attack comes by itself', await ours('.stream-list'));
  await say('risk r-9 8291/tcp');
  check('so does a finding', await until(() => p.locator('.findings-list', { hasText: '8291/tcp' }).count(), 20000));
  await p.evaluate(() => { window.former = true; });

  /* Ended elsewhere: this page hears of it by its stream only. */
  const cookie = (await p.context().cookies(url)).map((c) => `${c.name}=${c.value}`).join('; ');
  const ended = await fetch(url + 'api/v1/session/end', { method: 'POST', headers: { Cookie: cookie, 'Content-Type': 'application/json', 'X-Practice': '1' }, body: '{}' });
  check('a session that ends elsewhere leads to the door', ended.ok && await until(async () => new URL(p.url()).pathname === '/sign-in', 30000), p.url());
  await p.waitForSelector('.sign-in');
  check('and nothing of it stays in memory', await p.evaluate(() => !window.former));
  await signIn(p, 'viewer');
  await p.waitForSelector('.stream');
  await say('attack e-10 198.51.100.10 update dns');
  await say('risk r-10 8292/tcp');
  check('what engines claim is for analysts', (await p.locator('.findings-list, #findings').count()) === 0);
  await say('minutes 1');
  await until(() => p.locator('.conn-live').count(), 20000);
  for (const path of ['/', '/alerts', '/attacks']) {
    await move(p, path);
    await until(async () => new URL(p.url()).pathname === path && (await p.locator('main .waiting').count()) === 0, 20000);
    check(`the next reader sees nothing of it: ${path}`, !/198\.51\.100\./.test(await text(p, 'body')), await text(p, 'main'));
  }
  await p.close();
}

/* A view that is kept by a name: with its filters and time range, of its reader alone, by keyboard, on a phone. */
async function savedViews() {
  const p = await open({ query: 'sign-in?lang=en' }), menu = p.locator('.saved');
  const press = async (...keys) => { for (const k of keys) await p.keyboard.press(k); };
  const names = () => menu.locator('li a').allInnerTexts();
  const focused = () => p.evaluate(() => document.activeElement.tagName);
  const openMenu = async () => { /* once the view is there, whose heading takes the focus */
    await until(async () => (await focused()) !== 'BODY' && (await p.locator('main .waiting').count()) === 0, 20000);
    await until(async () => {
      await menu.locator('summary').focus();
      if (!(await menu.evaluate((m) => m.open))) await press('Enter');
      return (await menu.evaluate((m) => m.open)) && (await focused()) === 'SUMMARY';
    }, 20000);
  };
  await signIn(p, 'viewer');
  await signedIn(p);
  await move(p, '/attacks?range=7d&vector=dns&lang=en');
  await until(async () => (await focused()) === 'H1', 20000);
  await openMenu();
  check('saved views: none at first', await until(async () => (await text(p, '.saved')).includes('None yet'), 20000), await text(p, '.saved'));
  await press('Tab');
  await p.keyboard.type('DNS <b>this</b> week');
  await press('Enter');
  check('saved views: kept by name, by keyboard alone', await until(async () => (await names())[0] === 'DNS <b>this</b> week', 20000), await text(p, '.saved'));
  check('saved views: what was done is said, and the keyboard stays', await until(async () => (await text(p, '.saved [role=status]')).startsWith('Saved:'), 20000) && (await focused()) === 'INPUT');
  await press('Escape');
  check('saved views: Escape closes it, onto its button', !(await menu.evaluate((m) => m.open)) && await p.evaluate(() => document.activeElement.closest('.saved') && document.activeElement.tagName) === 'SUMMARY');
  await move(p, '/ports');
  await until(async () => (await focused()) === 'H1', 20000);
  await openMenu();
  await press('Tab', 'Tab', 'Tab');
  await press('Enter');
  check('saved views: found again with filters and time', await until(() => /\/attacks\?(?=.*range=7d)(?=.*vector=dns)/.test(p.url()), 20000) && !(await menu.evaluate((m) => m.open)), p.url());
  for (const [words, lang, width] of [['en, 1280', 'en', 1280], ['en, 390', 'en', 390], ['ja, 390', 'ja', 390]]) {
    await p.setViewportSize({ width, height: 844 });
    await p.evaluate((l) => document.querySelector(`input[name=lang][value=${l}]`).click(), lang);
    await openMenu();
    const box = await menu.locator('.menu-in').boundingBox();
    check(`saved views (${words}): the menu is on the screen`, box.x >= 0 && box.x + box.width <= width, box);
    await clean(p, `saved views (${words})`);
  }
  await p.setViewportSize({ width: 1280, height: 900 });
  await p.evaluate(() => document.querySelector('input[name=lang][value=en]').click());
  await p.context().clearCookies();
  await p.goto(new URL('/sign-in', url).href);
  await signIn(p, 'analyst');
  await signedIn(p);
  await openMenu();
  check("saved views: nobody sees another's", await until(async () => (await text(p, '.saved')).includes('None yet'), 20000), await text(p, '.saved'));
  await p.context().clearCookies();
  await p.goto(new URL('/sign-in', url).href);
  await signIn(p, 'viewer');
  await signedIn(p);
  await openMenu();
  await until(async () => (await names()).length, 20000);
  await menu.locator('li button').click();
  check('saved views: removed', await until(async () => (await names()).length === 0 && (await text(p, '.saved [role=status]')).startsWith('Removed:'), 20000), await text(p, '.saved'));
  await p.context().clearCookies();
  await p.close();
}

await run(async () => {
  await say('minutes 30');
  await say('alert a-1 open high surge-port port:1433/tcp');
  await say('attack e-1 203.0.113.77 end dns');

  /* The door: nothing is shown before it; wrong is wrong; then on to what was asked for. */
  let p = await open({ query: 'attacks?range=7d&lang=en' });
  check('without a session everything leads to the door', await until(async () => new URL(p.url()).pathname === '/sign-in'), p.url());
  await p.waitForSelector('.sign-in');
  check('and shows nothing else', (await p.locator('nav, .clock, .search').count()) === 0);
  await clean(p, 'sign-in');
  await signIn(p, 'viewer', 'wrong horse battery');
  check('a wrong password is said, and no more than that', await until(async () => (await text(p, '.sign-in [role=alert]')).includes('Name, password or code'), 15000));
  let allowed = [];
  for (const [role, more] of Object.entries(NAV)) {
    allowed = [...allowed, ...more];
    await signIn(p, role);
    check(`${role}: is let in, back to where it was`, (await signedIn(p)) && (role !== 'viewer' || (p.url().includes('/attacks') && p.url().includes('range=7d'))), p.url());
    const nav = (await p.locator('nav a').allInnerTexts()).map((x) => x.replace(/ ?\d+$/, '')).sort();
    check(`${role}: sees the views of its role`, JSON.stringify(nav) === JSON.stringify([...allowed].sort()), nav);
    await p.goto(new URL('/admin', p.url()).href);
    check(`${role}: ${role === 'admin' ? 'administers' : 'is told that administration is not for it'}`, await until(async () => (role === 'admin' ? (await p.locator('main tbody tr').count()) > 0 : (await text(p, 'main')).includes('does not see this view')), 15000));
    if (role === 'admin') break;
    await p.locator('.account summary').click();
    await p.locator('.account button', { hasText: 'Sign out' }).click();
    await p.waitForSelector('.sign-in', { timeout: 20000 });
  }

  /* Administration and one's own account. */
  await p.waitForSelector('main tbody tr');
  await clean(p, 'admin, people');
  for (const part of ['orgs', 'audit']) {
    await p.goto(new URL('/admin?part=' + part, p.url()).href);
    check(`admin: ${part}`, await until(async () => (await p.locator('main tbody tr').count()) > 1, 15000));
    await clean(p, 'admin, ' + part);
  }
  check('the log tells of the wrong password', (await text(p, 'main')).includes('viewer'));
  await p.goto(new URL('/account', p.url()).href);
  check('the account says who one is', await until(async () => (await text(p, 'main')).includes('The centre'), 15000));
  await clean(p, 'account');

  /* A session that is over is said by the next answer, wherever one is. */
  await p.context().clearCookies();
  await p.goto(new URL('/attacks', p.url()).href);
  check('a session that is over leads to the door', await until(async () => new URL(p.url()).pathname === '/sign-in'), p.url());
  await p.close();

  await savedViews();
  await twoTabs();
  await changesHands();
  const expected = complaints.filter((c) => /40[13]/.test(c)); /* wrong password, closed door */
  complaints.splice(0, complaints.length, ...complaints.filter((c) => !expected.includes(c)));
});
