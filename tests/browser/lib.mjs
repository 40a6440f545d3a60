/* What the tests in a browser share: TAP, the portal with made records (the program that is the first argument, with
 * the further ones; or the address of a portal that runs), Debian's chromium, and how a page is opened and looked at. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const root = process.env.PRACTICE_SOURCE || process.cwd();
export const require = createRequire(join(root, 'web/package.json'));
const { chromium } = require('playwright-core');
const axe = require.resolve('axe-core/axe.min.js');

let n = 0, bad = 0;
export const check = (what, ok, saw) => {
  n++;
  if (!ok) bad++;
  console.log(`${ok ? 'ok' : 'not ok'} ${n} - ${what}`);
  if (!ok && saw !== undefined) console.log('# ' + String(typeof saw === 'string' ? saw : JSON.stringify(saw)).slice(0, 2000).replace(/\n/g, '\n# '));
};
/* Once it is so: at once on a quiet machine, and on a busy one as soon as it gets there. */
export const until = async (what, ms = 60000) => {
  for (const end = Date.now() + ms; Date.now() < end;) {
    if (await what()) return true;
    await new Promise((r) => setTimeout(r, 25));
  }
  return false;
};

/* ---- the server ---- */
const runs = /^http:/.test(process.argv[2]);
export const server = runs ? null : spawn(process.argv[2], process.argv.slice(3), { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = runs ? null : createInterface({ input: server.stdout })[Symbol.asyncIterator]();
export const heard = async () => (await lines.next()).value; /* one line that the server says by itself */
export const say = async (x) => { server.stdin.write(x + '\n'); await lines.next(); };
export const url = runs ? process.argv[2] : `http://127.0.0.1:${(await lines.next()).value.split(' ')[1]}/`;

const chrome = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
/* Somebody else's browser: cookies and what is kept of their own. */
export const reader = async () => {
  const c = await chrome.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en' });
  c.setDefaultTimeout(90000); /* a busy machine is no mistake of the page */
  return c;
};
export const browser = await reader();
export const complaints = [];
export async function open({ width = 1280, height = 900, dark = false, query = '', reduced = false, who = browser, base = url } = {}) {
  const p = await who.newPage();
  await p.setViewportSize({ width, height });
  await p.emulateMedia({ colorScheme: dark ? 'dark' : 'light', reducedMotion: reduced ? 'reduce' : 'no-preference' });
  p.mine = true;
  p.on('console', (m) => { if (p.mine && ['error', 'warning'].includes(m.type())) complaints.push(m.text()); });
  p.on('pageerror', (e) => { if (p.mine) complaints.push(String(e)); });
  await p.addInitScript(() => document.addEventListener('securitypolicyviolation', (e) => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI)));
  await p.goto(base + query);
  return p;
}
export const text = (p, sel) => p.locator(sel).first().innerText();
/* What is wrong by axe-core; `looks`: only what another theme, language or size may have made wrong
 * in the view itself. Of a long table the rows before this one are enough. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], LOOKS = { type: 'rule', values: ['color-contrast', 'link-in-text-block', 'target-size', 'scrollable-region-focusable'] }, ROWS = 13;
export const axeRun = async (p, looks) => {
  /* The page's policy lets no foreign script in: axe comes by the debugger. */
  p.debug ??= await p.context().newCDPSession(p);
  const ask = (expression) => p.debug.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
  if (!(await ask("typeof axe === 'object'")).result.value) await ask(readFileSync(axe, 'utf8') + ';0');
  const r = await ask(`axe.run(${JSON.stringify({ ...(looks && { include: [['main']] }), exclude: [[`tbody tr:nth-child(n+${ROWS})`]] })}, ${JSON.stringify({ runOnly: looks ? LOOKS : RULES, resultTypes: ['violations'], preload: false })}).then(r => r.violations.map(v => ({id: v.id, impact: v.impact, nodes: v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' :: ' + n.failureSummary.slice(0, 200))})))`);
  return r.result.value ?? [{ id: 'axe did not run', impact: 'serious', nodes: [JSON.stringify(r.exceptionDetails ?? r)] }];
};

/* A picture of all of the page, for people to look at: into the directory PAGE_SHOTS. */
export async function shot(p, name) {
  if (!process.env.PAGE_SHOTS) return;
  mkdirSync(process.env.PAGE_SHOTS, { recursive: true });
  await p.screenshot({ path: join(process.env.PAGE_SHOTS, name + '.png'), fullPage: true, timeout: 120000 });
}

/* The test, and whatever happens, the end of all that was started. */
export async function run(test) {
  try {
    await test();
    const expected = /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|net::ERR_FAILED/;
    const real = complaints.filter((c) => !expected.test(c));
    check('no complaint in the console, no violation of the policy', real.length === 0, real.slice(0, 5));
  } catch (e) {
    check('the test itself', false, e.stack || String(e));
  } finally {
    await chrome.close().catch(() => {});
    server?.stdin.end();
  }
  console.log(`1..${n}`);
  process.exit(bad ? 1 : 0);
}
