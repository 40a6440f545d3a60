/* Looks at the live view as a reader would, and prints TAP. Usage: node page.mjs PAGE_SERVER */
import { join } from 'node:path';
import { axeRun, browser, check, open, require, root, run, say, shot, text, until, url } from './lib.mjs';
import { move } from './look.mjs';

await run(async () => {
  /* Nothing has been seen yet. */
  let p = await open();
  await p.waitForSelector('.whole h2');
  check('an empty portal says that it waits', (await text(p, '.whole')).includes('Waiting for the first minute'));
  await say('minutes 3');
  check('and begins by itself with the first minutes', await until(() => p.locator('.stats').count()));
  await p.close();

  await say('minutes 237');
  await say('alert a-1 open high surge-port port:1433/tcp');
  await say('alert a-2 open critical spoofed-flood victim:203.0.113.9/tcp');
  await say('alert a-3 close low surge-country country:VN');

  /* First view: what crosses the wire. */
  let bytes = 0;
  const first = await browser.newPage();
  const cdp = await browser.newCDPSession(first);
  await cdp.send('Network.enable');
  await cdp.send('Network.clearBrowserCache');
  cdp.on('Network.loadingFinished', (e) => { bytes += e.encodedDataLength; });
  cdp.on('Network.dataReceived', () => {});
  await first.goto(url);
  await first.waitForSelector('.map path');
  await first.waitForTimeout(400);
  console.log(`# first view: ${(bytes / 1024).toFixed(1)} KiB`);
  check('the first view is at most 200 KB on the wire', bytes > 20000 && bytes <= 200 * 1000, bytes);
  await first.close();

  /* Both widths, both themes: everything is there, nothing sticks out, axe is content. */
  for (const [width, height] of [[1280, 900], [390, 844]])
    for (const dark of [false, true]) {
      const name = `${width} px, ${dark ? 'dark' : 'light'}`;
      const q = await open({ width, height, dark, reduced: true });
      await q.waitForSelector('.map path');
      await q.waitForSelector('.u-over');
      const panels = await q.locator('.panel h2').allInnerTexts();
      check(`${name}: eight panels`, panels.length === 8, panels);
      const over = await q.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      check(`${name}: no horizontal scroll`, over <= 0, over);
      const drawn = await q.evaluate(() => { const c = document.querySelector('.u-wrap canvas'); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let k = 0; for (let i = 3; i < d.length; i += 4) k += d[i] > 0; return k; });
      check(`${name}: the chart is drawn`, drawn > 1000, drawn);
      let found = await axeRun(q);
      check(`${name}: axe finds nothing`, found.length === 0, found);
      await q.locator('.alert button').first().click();
      await q.waitForSelector('dialog[open] .chain');
      found = await axeRun(q);
      check(`${name}: nor with an alert open`, found.length === 0, found);
      await q.close();
    }

  /* Live. */
  p = await open();
  await p.waitForSelector('.map path');
  check('it says that it is live', await until(async () => (await text(p, '.conn')) === 'Live'));
  const before = await text(p, '.clock time');
  let t0 = Date.now();
  await say('minutes 1');
  check('a new minute shows by itself', await until(async () => (await text(p, '.clock time')) !== before));
  t0 = Date.now();
  await say('alert a-4 open medium surge-country country:MM');
  check('an alert shows by itself', await until(async () => (await p.locator('.alert-title', { hasText: 'usual: MM' }).count()) === 1));
  console.log(`# after ${Date.now() - t0} ms`);
  check('and is said to screen readers', await until(async () => (await text(p, '[aria-live]')).includes('usual: MM')));
  await say('alert a-4 close medium surge-country country:MM');
  check('and its end too', await until(async () => (await p.locator('.alert.is-closed', { hasText: 'usual: MM' }).count()) === 1));
  await say('attack e-1 203.0.113.77 update dns');
  check('an attack shows as it comes', await until(async () => (await p.locator('.stream-list .is-running', { hasText: '203.0.113.77' }).count()) === 1));
  await say('attack e-1 203.0.113.77 end dns');
  check('and its end', await until(async () => (await p.locator('.stream-list li:not(.is-running)', { hasText: '203.0.113.77' }).count()) === 1));

  await say('risk r-7 8291/tcp');
  const found = p.locator('.findings-list li', { hasText: '8291/tcp' });
  check('a finding shows as it comes', await until(async () => (await found.count()) === 1));
  check('its kind, how grave, the sentence, as text', /High[\s\S]*risk-port[\s\S]*900 sources[\s\S]*<img src=x/.test(await found.innerText()) && (await found.locator('a').getAttribute('href')).startsWith('/about/r-7'), await found.innerText());

  /* Pause. */
  await p.getByRole('button', { name: 'Pause' }).click();
  const held = await text(p, '.clock time');
  await say('minutes 2');
  await p.waitForTimeout(900);
  check('paused: nothing moves', (await text(p, '.clock time')) === held);
  await p.getByRole('button', { name: 'Resume' }).click();
  check('resumed: all that came is there', await until(async () => (await text(p, '.clock time')) !== held));

  /* The portal is restarted: the page finds back by itself, and has what came since. */
  await say('close');
  check('a lost portal is said', await until(async () => (await text(p, '.conn')) === 'Reconnecting', 8000));
  await say('open');
  await say('minutes 2');
  await say('alert a-5 open high surge-port port:23/tcp');
  check('a restarted portal is found again', await until(async () => (await text(p, '.conn')) === 'Live', 20000));
  check('with what it missed', await until(async () => (await p.locator('.alert-title', { hasText: 'usual: 23/tcp' }).count()) === 1, 8000));

  /* Events by id, over a connection of our own: what is asked for again is the same, none is missing. */
  const ids = await p.evaluate(async () => {
    const read = (after, last) => new Promise((resolve) => {
      const got = [], es = new EventSource('/api/v1/events?last=' + after);
      const end = () => { es.close(); resolve(got); };
      for (const k of ['minutes', 'top', 'status', 'alert']) es.addEventListener(k, (e) => { got.push(+e.lastEventId); if (+e.lastEventId >= last) end(); });
      setTimeout(end, 3000);
    });
    const last = (await (await fetch('/api/v1/status')).json()).last_event;
    const all = await read(0, last), rest = await read(all[Math.floor(all.length / 2)], last);
    return { all, rest, last };
  });
  check('no id is missing in the ring', ids.all.length > 2 && ids.all.every((v, i) => i === 0 || v === ids.all[i - 1] + 1), ids);
  check('resuming by id gives exactly the rest', ids.rest.length > 0 && ids.rest[0] === ids.all[Math.floor(ids.all.length / 2)] + 1 && ids.rest.at(-1) >= ids.last, ids);

  /* A sensor falls silent. */
  await say('mute jakarta');
  await say('minutes 20');
  check('a silent sensor is said', await until(async () => (await p.locator('.quality').count()) === 1 && (await text(p, '.quality')).includes('jakarta: silent')));
  check('and its silence is hatched in the curve, in words too', await until(async () => /jakarta .+ – /.test(await text(p, '.gaps').catch(() => ''))), await text(p, '.traffic'));
  check('of the others nothing is', !/tokyo|bonn|sydney/.test(await text(p, '.gaps')), await text(p, '.gaps'));
  await move(p, '/ports');
  check('other views of the present say it', await until(async () => (await text(p, 'h1')) === 'Ports' && (await text(p, '.quality').catch(() => '')).includes('jakarta: silent')));
  await move(p, '/ports?from=2013-08-01T00:00:00Z&to=2013-08-02T00:00:00Z');
  check('those of a time gone by do not', await until(async () => (await p.locator('.quality').count()) === 0));
  await move(p, '/');
  await p.waitForSelector('.alerts .alert');

  /* Keyboard: to the alerts, open, what it rests on, Escape, and back where it was. */
  await p.keyboard.press('Tab');
  for (let i = 0; i < 60 && !(await p.evaluate(() => document.activeElement.closest('.alert'))); i++) await p.keyboard.press('Tab');
  check('the keyboard reaches the alerts', await p.evaluate(() => !!document.activeElement.closest('.alert')));
  await p.keyboard.press('Enter');
  check('Enter opens one', await until(() => p.locator('dialog[open] #drawer-title').count()));
  check('with its findings', await until(async () => (await p.locator('.findings li').count()) > 0));
  const drawer = await text(p, 'dialog');
  check('with the question behind it, and without our own addresses', drawer.includes('port=1433/tcp') && !drawer.includes('198.51.100') && !drawer.includes('dst='), drawer);
  await p.keyboard.press('Escape');
  check('Escape closes it', await until(async () => (await p.locator('dialog[open]').count()) === 0));
  check('and the focus is back', await p.evaluate(() => !!document.activeElement.closest('.alert')));

  /* An attack seen by honeypots rests on their hits. */
  await say('alert a-9 open low drdos drdos:203.0.113.53:dns');
  check('an attack comes by itself', await until(() => p.locator('.alert', { hasText: '203.0.113.53' }).count()));
  await p.locator('.alert', { hasText: '203.0.113.53' }).locator('button').click();
  check('... with the hits behind it', await until(async () => (await p.locator('dialog .hits li').count()) > 0));
  const hits = await text(p, 'dialog');
  check('... in words', hits.includes('5 × dns at osaka') && hits.includes('isc.org ANY IN') && hits.includes('Hits of honeypots'), hits);
  check('... and no "usual" that nobody knows', (await p.locator('dialog .usual').count()) === 0);
  await p.keyboard.press('Escape');
  await say('alert a-8 open low new-reflection-port port:389/udp');

  /* Every figure has a table. */
  for (const [name, sel] of [['traffic-view', '.traffic table'], ['map', '.world table']]) {
    await p.locator(`input[name=${name}][value=table]`).check({ force: true });
    check(`${name}: a table of the same`, (await p.locator(sel + ' tbody tr').count()) > 10);
  }

  /* Japanese: not a word of English is left where words of ours are. */
  await p.locator('input[name=lang][value=ja]').check({ force: true });
  check('the language is declared', await until(() => p.evaluate(() => document.documentElement.lang === 'ja')));
  const catalogue = require(join(root, 'web/src/i18n/en.json')), ja = require(join(root, 'web/src/i18n/ja.json'));
  const body = await p.evaluate(() => document.body.innerText);
  const left = Object.entries(catalogue).filter(([k, v]) => v !== ja[k] && !v.includes('{') && v.length > 4 && new RegExp(`(^|\\n|\\s)${v.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}($|\\n|\\s)`).test(body)).map(([, v]) => v);
  check('nothing is left in English', left.length === 0, left);
  check('alerts too', body.includes('1433/tcpへの送信元の急増') && body.includes('ミャンマー'));
  check('attacks, too', body.includes('203.0.113.53へのDRDoS攻撃（dns）') && body.includes('新しいリフレクション用ポートの疑い：389/udp'), body);
  check('countries too', body.includes('アメリカ') || body.includes('米国') || body.includes('中国'));
  await p.locator('.menu summary').click();
  await p.locator('input[name=tz][value=jst]').check({ force: true });
  const utc = (await (await fetch(url + 'api/v1/status', { headers: { Host: 'localhost' } })).json()).event_time;
  const jst = new Date(Date.parse(utc) + 9 * 3600e3).toISOString().slice(11, 16);
  check('JST is UTC + 9', await until(async () => (await text(p, '.clock time')).startsWith(jst), 2000), jst);
  check('the choice is in the address', (await p.evaluate(() => location.search)).includes('tz=jst'));
  await p.reload();
  await p.waitForSelector('.stats');
  check('and outlives a reload', await p.evaluate(() => document.documentElement.lang === 'ja'));
  /* Every kind is said in Japanese, while it holds and when it is over; one that nobody knows in the engine's words. */
  const kinds = require(join(root, 'tests/browser/kinds.json')), odd = [];
  for (const [kind, key] of [...Object.entries(kinds), ['noise-survey', 'noise:survey'], ['noise-malware', 'noise:malware']])
    for (const state of ['open', 'close']) {
      const id = `k-${kind}-${key.split(':')[0]}-${state}`;
      await say(`alert ${id} ${state} low ${kind} ${key}`);
      await move(p, `/alerts/${id}`);
      const lead = (await until(async () => (await text(p, '.lead').catch(() => '')) && (await p.evaluate(() => location.pathname)).endsWith(id))) ? await text(p, '.lead') : '';
      if (!/[ぁ-ん]/.test(lead) || /[{}]|undefined|NaN|usual/.test(lead) || (await p.locator('.lead span[lang=ja]').count()) !== 1) odd.push([id, lead]);
      await until(async () => (await p.locator('.chain .findings li').count()) > 0); /* what the page asks is answered */
    }
  check('every kind has a sentence in Japanese', Object.keys(kinds).length > 10 && odd.length === 0, odd);
  check('... with what the engine wrote below it', (await text(p, '.lead + .note[lang=en]')).includes('usual'));
  /* What has facts says them, and needs no English below it. */
  await say('alert k-facts open low risk-port port:1433/tcp');
  await move(p, '/alerts/k-facts');
  check('facts are said in Japanese', await until(async () => (await text(p, '.lead').catch(() => '')).includes('センサtokyoのみの計数')));
  const said = await text(p, '.lead');
  check('... all of them', said.split('、').length > 60 && /観測アドレス数58超/.test(said) && /1433\/tcp宛て30/.test(said) && /ミャンマー|MM/.test(said) && !/[{}]|undefined|NaN|fact_|clock_|synced_|[a-z]-s \d| yes/.test(said), said);
  check('... and then not in English, too', (await p.locator('.lead + .note[lang=en]').count()) === 0);
  await say('alert k-odd open low of-tomorrow what:ever');
  await move(p, '/alerts/k-odd');
  check('a kind of tomorrow is said as the engine said it', await until(async () => (await text(p, '.lead span[lang=en]').catch(() => '')).includes('310 are usual')));
  await move(p, '/');
  await p.waitForSelector('.stats');
  await p.locator('.menu summary').click();
  await p.locator('input[name=theme][value=dark]').check({ force: true });
  check('dark by choice', await until(() => p.evaluate(() => getComputedStyle(document.body).backgroundColor === 'rgb(10, 18, 27)')));
  await p.close();

  /* The portal is not there at all. */
  p = await browser.newPage();
  await p.route('**/api/**', (r) => r.abort());
  await p.goto(url);
  check('an unreachable portal is said in words', await until(async () => (await p.locator('[role=alert]').count()) === 1));
  await p.unroute('**/api/**');
  await p.locator('[role=alert] button').click();
  check('and trying again works', await until(() => p.locator('.stats').count()));
  await p.close();
});
