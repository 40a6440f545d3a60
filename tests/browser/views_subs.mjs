/* Subscriptions in a portal with accounts: made, tried, looked back with, ended; an address confirmed; by keyboard, in
 * both languages, on a phone. Prints TAP. Usage: [PAGE_SHOTS=DIR] node views_subs.mjs PAGE_SERVER ACCOUNTS */
import { axeRun, check, complaints, heard, open, run, say, shot, text, until } from './lib.mjs';

const SLOW = 40000, PASSWORD = 'correct horse battery', BAD = '<img src=x onerror=alert(1)>';
const there = (p, sel) => until(() => p.locator(sel).count(), SLOW);
const saying = (p, sel, words) => until(async () => words.test(await text(p, sel).catch(() => '')), SLOW);
const subs = 'section[aria-labelledby=subs]', mails = 'section[aria-labelledby=sub-mails]';

async function signIn(user, lang, more = {}) {
  const p = await open({ query: `subscriptions?lang=${lang}`, reduced: true, ...more });
  await p.waitForSelector('.sign-in', { timeout: SLOW });
  await p.locator('input[name=user]').fill(user);
  await p.locator('input[name=password]').fill(PASSWORD);
  await p.keyboard.press('Enter');
  await there(p, subs + ' .empty, ' + subs + ' tbody tr');
  return p;
}
const signOut = async (p) => { await p.context().clearCookies(); await p.close(); };
const clean = async (p, what) => {
  const found = await axeRun(p), over = await p.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  check(`${what}: axe finds nothing, no horizontal scroll`, found.length === 0 && over <= 0, over > 0 ? over : found);
  await shot(p, what.replace(/\W+/g, '-'));
};

async function english() {
  const p = await signIn('operator', 'en');
  check('nothing yet, and how to begin', /told of nothing yet[\s\S]*Add a subscription/.test(await text(p, subs)), await text(p, subs));
  check('whose part of the world is told of', /whole world/i.test(await text(p, subs)), await text(p, subs));
  await clean(p, 'subscriptions, empty');
  await p.locator(subs + ' .tools button').focus();
  await p.keyboard.press('Enter');
  await there(p, 'form.edit');
  check('a form takes the focus', await p.evaluate(() => document.activeElement.name === 'title'));
  await p.keyboard.type('Our networks ' + BAD);
  await p.locator('input[name=url]').fill('https://user:secret@soc.isp.example/x');
  await clean(p, 'subscriptions, form');
  await p.locator('form.edit button[type=submit]').click();
  check('what the portal says against it is said', await saying(p, 'form.edit [role=alert]', /url/), await text(p, 'form.edit'));
  await p.locator('input[name=url]').fill('https://soc.isp.example/x');
  await p.locator('input[name=mail]').fill('noc@isp.example');
  await p.locator('input[name=min_packets]').fill('5');
  await p.locator('select[name=severity]').selectOption('medium');
  await p.locator('input[name=title]').focus();
  await p.keyboard.press('Enter');
  check('a subscription is made, its secret shown once', await saying(p, subs + ' .made', /only now[\s\S]*hs_[0-9a-f]{64}/), await text(p, 'main'));
  await p.locator(subs + ' .made button', { hasText: 'I have it' }).click();
  check('and gone then', await until(async () => (await p.locator(subs + ' .made').count()) === 0));
  const row = subs + ' table tbody tr';
  const said = await text(p, row);
  check('the list says what, where to, and what is missing', /Our networks <img[\s\S]*from 5 packets[\s\S]*from Medium[\s\S]*noc@isp\.example not confirmed[\s\S]*https:\/\/soc\.isp\.example\/x/i.test(said), said);
  await p.locator(row + ' button', { hasText: 'Test message' }).click();
  check('a test message, and the words of the other side', await saying(p, row + ' .acts [role=status]', /webhook: refused \(soc\.isp\.example answers 404\)/), await text(p, row));
  check('which stand in the list as well', await saying(p, row, /refused webhook/), await text(p, row));
  await p.locator(row + ' button', { hasText: 'Last 7 days' }).click();
  await there(p, 'section[aria-labelledby=sub-look] tbody tr');
  check('what it would have told, each a link', (await text(p, 'section[aria-labelledby=sub-look]')).includes('DRDoS attack ended: 203.0.113.77') && (await p.locator('section[aria-labelledby=sub-look] tbody a[href^="/attacks/e-1"]').count()) === 1, await text(p, 'main'));
  await clean(p, 'subscriptions, look back');
  await p.locator('section[aria-labelledby=sub-look] button', { hasText: 'Close' }).click();

  /* A feed: its address is shown once, and read by nobody else's. */
  await p.locator(row + ' button', { hasText: 'Make a feed' }).click();
  await there(p, subs + ' .made');
  const feed = await text(p, subs + ' .made .secret');
  const got = await p.evaluate(async (u) => { const r = await fetch(u, { credentials: 'omit' }); return [r.status, await r.json()]; }, feed);
  check('a feed', got[0] === 200 && got[1].items.some((i) => i.id === 'e-1'), got);
  await p.locator(row + ' button', { hasText: 'End the feed' }).click();
  check('is ended', await until(async () => (await p.evaluate(async (u) => (await fetch(u, { credentials: 'omit' })).status, feed)) === 401, SLOW));

  /* An address, and the code that was sent to it. */
  await p.locator(mails + ' input[name=address]').fill('noc@isp.example');
  await p.keyboard.press('Enter');
  const code = (await heard()).split(' ')[2];
  await there(p, mails + ' input[name=code]');
  await p.locator(mails + ' input[name=code]').fill('AAAAAAAA');
  await p.keyboard.press('Enter');
  check('another code is refused', await saying(p, mails + ' [role=alert]', /not the code/), await text(p, mails));
  await p.locator(mails + ' input[name=code]').fill(code.toLowerCase());
  await p.keyboard.press('Enter');
  check('the code confirms', await saying(p, mails + ' tbody', /confirmed/), await text(p, mails));
  check('the subscription then writes to it', await until(async () => !(await text(p, row)).includes('not confirmed'), SLOW), await text(p, row));
  await clean(p, 'subscriptions, list');

  /* Changed, with what it was; in the address, so that back closes it. */
  await p.locator(row + ' button', { hasText: 'Change' }).click();
  await there(p, 'form.edit');
  check('the form has what it was', (await p.locator('input[name=min_packets]').inputValue()) === '5' && (await p.locator('input[name=mail]').inputValue()) === 'noc@isp.example' && p.url().includes('edit=s'), p.url());
  await p.goBack();
  check('back closes it', await until(async () => (await p.locator('form.edit').count()) === 0));
  await p.goForward();
  await there(p, 'form.edit');
  await p.locator('select[name=state]').selectOption('off');
  await p.locator('form.edit button[type=submit]').click();
  check('it is off', await saying(p, row + ' th', /off/), await text(p, row));
  await signOut(p);
}

async function japanese() {
  const p = await signIn('operator', 'ja', { width: 390, height: 844 });
  check('in Japanese', /通知の登録[\s\S]*Our networks[\s\S]*停止中/.test(await text(p, 'main')), await text(p, 'main'));
  await clean(p, 'subscriptions, Japanese, phone');
  await p.locator('button', { hasText: '通知を登録' }).click();
  await there(p, 'form.edit');
  check('letters in Japanese, and times of Japan, are what is offered', (await p.locator('select[name=language]').inputValue()) === 'ja' && (await p.locator('input[name=zone]').inputValue()) === 'Asia/Tokyo');
  await clean(p, 'subscriptions, Japanese, form');
  await p.locator('form.edit button', { hasText: '取消' }).click();
  await p.locator(subs + ' tbody button', { hasText: '登録を解除' }).click();
  await p.locator(subs + ' tbody button', { hasText: '解除する' }).click();
  check('ended, after a second look', await saying(p, subs, /通知はまだ登録されていません/), await text(p, subs));
  await signOut(p);
  const other = await signIn('admin', 'ja', { dark: true });
  check('what one has, another does not see', (await text(other, 'main')).includes('アドレスはまだありません'), await text(other, 'main'));
  await clean(other, 'subscriptions, dark');
  await signOut(other);
}

await run(async () => {
  await say('minutes 30');
  await say('alert a-1 open high surge-country country:JP');
  await say('attack e-1 203.0.113.77 end dns');
  await english();
  await japanese();
  const expected = complaints.filter((c) => /\b40[0134]\b/.test(c)); /* what was refused on purpose */
  complaints.splice(0, complaints.length, ...complaints.filter((c) => !expected.includes(c)));
});
