/* A page in Debian's chromium that says when alerts of bench/portal_load.py are seen: "ready", then "NUMBER SECONDS" (since 1970)
 * for each, once a frame has been drawn after its title came into the page. Usage: alert_to_eye.mjs URL [COOKIE] */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(join(process.env.PRACTICE_SOURCE || process.cwd(), 'web/package.json'));
const { chromium } = require('playwright-core');
const [url, cookie] = process.argv.slice(2);
const home = mkdtempSync(join(tmpdir(), 'eye-'));
const browser = await chromium.launchPersistentContext(home, {
  executablePath: '/usr/bin/chromium', viewport: { width: 1280, height: 900 }, locale: 'en',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
process.on('SIGTERM', async () => {
  await browser.close();
  rmSync(home, { recursive: true, force: true });
  process.exit(0);
});
if (cookie) {
  const [name, ...value] = cookie.split('=');
  await browser.addCookies([{ name, value: value.join('='), url }]);
}
const page = await browser.newPage();
page.setDefaultTimeout(120000);
await page.exposeFunction('seenAlert', (n, ms) => console.log(`${n} ${ms / 1000}`));
await page.addInitScript(() => {
  const seen = new Set();
  new MutationObserver(() => {
    for (const title of document.querySelectorAll('.alert-title')) {
      const n = /^Load number (\d+) of alerts/.exec(title.textContent)?.[1];
      if (!n || seen.has(n)) continue;
      seen.add(n);
      requestAnimationFrame(() => requestAnimationFrame(() => window.seenAlert(n, performance.timeOrigin + performance.now())));
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
});
await page.goto(url);
await page.waitForSelector('#alerts');
await page.waitForTimeout(3000);
console.log('ready');
