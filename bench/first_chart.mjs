/* How long until the first chart of the first view: a page in Debian's chromium with nothing in its cache, and a processor
 * slowed down four times; portal with made records of three hours, four sensors. Usage: first_chart.mjs PAGE_SERVER [RUNS] [SLOWER]
 * Prints a JSON line: milliseconds from the navigation to the frame in which the chart is drawn (and the map), p50 and p95; and
 * the processor time of the page's main thread until the chart is there, which a busy machine changes less. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const require = createRequire(join(process.env.PRACTICE_SOURCE || process.cwd(), 'web/package.json'));
const { chromium } = require('playwright-core');
const [program, runs = '20', slower = '4'] = process.argv.slice(2);
const server = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
const url = `http://127.0.0.1:${(await lines.next()).value.split(' ')[1]}/`;
for (const x of ['minutes 180', 'alert a-1 open high surge-port port:1433/tcp', 'alert a-2 open critical spoofed-flood victim:203.0.113.9/tcp']) {
  server.stdin.write(x + '\n');
  await lines.next();
}

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
const watch = () => {
  window.drawn = {};
  const frame = (what) => { if (!(what in window.drawn)) { window.drawn[what] = 0; requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn[what] = performance.now(); })); } };
  new MutationObserver(() => {
    if (document.querySelector('.plot canvas')) frame('chart');
    if (document.querySelector('.areas path')) frame('map');
  }).observe(document, { subtree: true, childList: true });
};
const times = { chart: [], map: [], cpu: [] };
try {
  for (let i = 0; i <= +runs; i++) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en' }), page = await context.newPage();
    page.setDefaultTimeout(120000);
    const cdp = await context.newCDPSession(page);
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: +slower });
    await page.addInitScript(watch);
    await page.goto(url);
    await page.waitForFunction(() => window.drawn?.chart > 0);
    const cpu = (await cdp.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration').value * 1000;
    await page.waitForFunction(() => window.drawn.map > 0);
    const drawn = { ...(await page.evaluate(() => window.drawn)), cpu };
    if (i > 0) for (const k of Object.keys(times)) times[k].push(drawn[k]); /* the first one starts the renderer, too */
    await context.close();
  }
} finally {
  await browser.close();
  server.stdin.end();
}
const part = (v, p) => Math.round([...v].sort((a, b) => a - b)[Math.min(v.length - 1, Math.ceil(p * v.length) - 1)]);
const say = (v) => ({ p50_ms: part(v, 0.5), p95_ms: part(v, 0.95) });
console.log(JSON.stringify({ bench: 'first_chart', runs: times.chart.length, slower: +slower, chart: say(times.chart), map: say(times.map), main_thread: say(times.cpu) }));
