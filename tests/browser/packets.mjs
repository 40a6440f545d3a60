/* The panel of packets: what is in them, byte by byte, with the keyboard, and as a file. Prints TAP.
 * Usage: [PAGE_SHOTS=DIR] node packets.mjs URL ANALYST VIEWER, the latter their cookies. */
import { readFileSync } from 'node:fs';
import { axeRun, check, open, reader, run, shot, text, until, url } from './lib.mjs';

const SENDER = '203.0.113.5', PANEL = 'section[aria-labelledby=packets]', SLOW = 60000;
const FROM = 'from=2026-06-18T10:00:00Z&to=2026-06-18T10:05:00Z';
const there = (p, sel) => until(() => p.locator(sel).count(), SLOW);

async function as(cookie) {
  const who = await reader(), [name, value] = cookie.split('=');
  await who.addCookies([{ name, value, url, httpOnly: true, sameSite: 'Strict' }]);
  return who;
}

async function bytes(who) {
  const p = await open({ query: `about/${SENDER}?lang=en&${FROM}`, who, reduced: true });
  check('a sender has its packets', await there(p, PANEL + ' tbody tr'), await text(p, 'main'));
  check('a row each', (await p.locator(PANEL + ' tbody tr').count()) === 7);
  const row = p.locator(PANEL + ' tbody tr', { hasText: 'OPTIONS' });
  check('flags and TTL of TCP', /SYN, TTL 52/.test(await text(p, PANEL)), await text(p, PANEL));
  check('what an attacker wrote is text', (await row.innerText()).includes('<img src=x onerror="window.hit=1">') && (await p.locator(PANEL + ' img, ' + PANEL + ' script').count()) === 0, await row.innerText());
  await row.locator('summary').focus();
  await p.keyboard.press('Enter');
  check('the bytes open by the keyboard', await until(() => row.locator('pre.dump').count()));
  const dump = await row.locator('pre.dump').innerText();
  check('... as numbers and letters', dump.startsWith('0000  45 00 ') && /0010 {2}.*OPTI/.test(dump), dump);
  check('... our own address is not among them', !dump.includes('c0 00 02 4d') && !dump.includes('192.0.2'), dump);
  check('... and it says why', (await row.innerText()).includes("sensor's own address is zero"), await row.innerText());
  await p.keyboard.press('Tab');
  check('they can be scrolled by the keyboard', await p.evaluate(() => document.activeElement.classList.contains('dump')));
  check('nothing of it was run', (await p.evaluate(() => window.hit)) === undefined);
  await shot(p, 'packets');
  const wrong = await axeRun(p);
  check('no fault for axe', wrong.length === 0, wrong);
  await p.close();
}

async function file(who) {
  const p = await open({ query: `about/${SENDER}?lang=en&${FROM}`, who, reduced: true });
  await there(p, PANEL + ' form');
  const button = p.locator(PANEL + ' form button');
  await button.click();
  check('without a reason nothing is asked', await p.evaluate((s) => !document.querySelector(s + ' input').validity.valid, PANEL));
  await p.locator(PANEL + ' form input').fill('to see whether the button works');
  const [got] = await Promise.all([p.waitForEvent('download'), button.click()]);
  const data = readFileSync(await got.path());
  let n = 0;
  for (let at = 24; at < data.length; at += 16 + data.readUInt32LE(at + 8)) n++;
  check('with one it is a capture of seven packets', got.suggestedFilename() === 'practice.pcap' && data.readUInt32LE(0) === 0xa1b23c4d && n === 7, n);
  await p.close();
}

async function elsewhere(who, viewer) {
  let p = await open({ query: `flows?lang=en&q=src%3D${SENDER}&${FROM}`, who, reduced: true });
  check('below flows, too', await there(p, PANEL + ' tbody tr'));
  await p.close();
  p = await open({ query: `about/5060%2Fudp?lang=ja&${FROM}`, who, reduced: true });
  check('and of a port, in Japanese', (await there(p, PANEL + ' tbody tr')) && /パケット/.test(await text(p, PANEL + ' h2')));
  await p.close();
  p = await open({ query: `flows?lang=en&q=src%3D203.0.113.200&${FROM}`, who, reduced: true });
  check('where there are none it says why', await until(async () => /No packet of this was kept/.test(await text(p, PANEL).catch(() => '')), SLOW), await text(p, 'main'));
  await p.close();
  p = await open({ query: `about/5060%2Fudp?lang=en&${FROM}`, who: viewer, reduced: true });
  await there(p, 'section[aria-labelledby=when]');
  check('a viewer has no such panel', (await p.locator(PANEL).count()) === 0);
  await p.close();
}

await run(async () => {
  const analyst = await as(process.argv[3]), viewer = await as(process.argv[4]);
  await bytes(analyst);
  await file(analyst);
  await elsewhere(analyst, viewer);
});
