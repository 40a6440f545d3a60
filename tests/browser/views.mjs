/* Looks at views as a reader would, in both languages, both themes, on a desk and on a phone, and prints
 * TAP. Usage: [PAGE_SHOTS=DIR] node views.mjs PAGE_SERVER */
import { check, complaints, open, run, say, shot, text, until } from './lib.mjs';
import { lookAtAll, move } from './look.mjs';

/* path, what is there when its data are, what it tells */
const panelOf = (id) => `section[aria-labelledby=${id}]`;
const VIEWS = [
  ['/', '.map path', /1433\/tcp/],
  ['/alerts', 'tbody tr:nth-child(2)', /TLP:AMBER/],
  ['/alerts?show=all', 'tbody tr:nth-child(3)', /VN|ベトナム/],
  ['/alerts/a-1', '.chain .findings li', /4,210/],
  ['/attacks', 'tbody tr:nth-child(2)', /203\.0\.113\.77/],
  ['/attacks/e-1', '.plot .u-over', /osaka/],
  ['/ports', '.heat canvas', /23\/tcp/],
  ['/about/g-1', '.heat canvas', /203\.0\.113\.10/],
  ['/about/203.0.113.10', '.heat canvas', /52869\/tcp/],
  ['/about/1433/tcp', '.plot .u-over', /AS4134/],
  ['/about/AS4134', '.plot .u-over', /23\/tcp/],
  ['/flows?q=port%3D1433/tcp', 'tbody tr:nth-child(9)', /1433\/tcp/],
  ['/hits', 'tbody tr:nth-child(9)', /203\.0\.113\.77/],
];

const BAD = '<img src=x onerror=alert(1)>';
async function reading() {
  const p = await open({ query: '?lang=en' });
  /* Keyboard: over the skip link into the content; by the navigation to a view, whose heading then has the focus. */
  await p.waitForSelector('.map path');
  await p.keyboard.press('Tab');
  check('the first stop is the skip link', await p.evaluate(() => document.activeElement.classList.contains('skip')));
  await p.keyboard.press('Enter');
  check('it leads to the content', await until(() => p.evaluate(() => document.activeElement.id === 'main')));
  await p.locator('nav a', { hasText: 'Attacks' }).focus();
  await p.keyboard.press('Enter');
  check('Enter on a link leads to its view', await until(async () => new URL(p.url()).pathname === '/attacks' && (await text(p, 'h1')) === 'Attacks'));
  check('whose heading has the focus', await until(() => p.evaluate(() => document.activeElement.tagName === 'H1')));
  check('and whose entry is marked', (await text(p, 'nav [aria-current=page]')) === 'Attacks');
  check('the title says so too', (await p.title()).includes('Attacks'), await p.title());

  /* The time and filters are in the address, go along, and come back. */
  await p.waitForSelector('main tbody tr');
  await p.locator('input[name=span][value="7d"]').check({ force: true });
  await p.locator('main a.quiet-link').first().click();
  check('a click on a country filters', await until(async () => (await text(p, '.filters')).includes('Japan')));
  await p.locator('nav a', { hasText: 'Ports' }).click();
  await p.waitForSelector('.heat canvas');
  check('range and filter go along', /range=7d/.test(p.url()) && /country=JP/.test(p.url()), p.url());
  await p.goBack();
  check('back leads back', await until(async () => (await text(p, 'h1')) === 'Attacks'));
  await p.goBack();
  check('and undoes the filter', await until(async () => !p.url().includes('country') && (await p.locator('.filters').count()) === 0), p.url());
  await p.goForward();
  const link = p.url(), other = await open({ query: link.slice(link.indexOf('/', 8) + 1) });
  await other.waitForSelector('main tbody tr');
  check('a link shows the same to somebody else', (await text(other, '.filters')) === (await text(p, '.filters')) && (await other.locator('input[name=span][value="7d"]').isChecked()));
  await other.close();
  await p.locator('.filters button').click();
  check('a filter can be taken off', await until(async () => !p.url().includes('country')));

  /* Search leads to whatever is known. */
  for (const [what, path, head] of [['1433/tcp', '/about/1433/tcp', 'About 1433/tcp (MS SQL)'], ['AS4134', '/about/AS4134', 'About AS4134'], ['203.0.113.0/24', '/about/203.0.113.0/24', 'About 203.0.113.0/24'], ['g-1', '/about/g-1', 'About group:52869/tcp']]) {
    await p.locator('.search input').fill(what);
    await p.keyboard.press('Enter');
    check(`search: ${what}`, await until(async () => new URL(p.url()).pathname === path && (await text(p, 'h1')) === head && (await p.locator('main .plot .u-over').count()) > 0, 60000), p.url());
  }

  /* From a number to the rows behind it. */
  await move(p, '/ports');
  await p.locator('#ranking ~ * a, section:has(#ranking) td a').first().click();
  check('a number leads to its flows', await until(async () => new URL(p.url()).pathname === '/flows' && (await p.locator('main tbody tr').count()) > 1, 60000), p.url());
  const csv = await p.evaluate(async () => (await fetch(document.querySelector('.export a').href)).text());
  check('and they can be taken along', csv.split('\n').length > 3 && csv.startsWith('first,'), csv.slice(0, 200));

  /* What an attacker wrote is text, and what cannot be seen is shown. */
  await move(p, '/attacks/e-1');
  await p.waitForSelector('main .facts');
  const said = await text(p, 'main');
  check('names from outside are text', said.includes('<img src=x onerror=alert(1)>') && said.includes('www.⟨U+202E⟩'), said);

  /* Who was told of it, as it is said. */
  const told = panelOf('told');
  check('who was told, in the order it was done', await until(async () => /Mail[\s\S]*rule announced/.test(await text(p, told))), await text(p, told));
  await move(p, '/attacks/e-2');
  check('that nobody was told yet is said', await until(async () => (await text(p, told)).includes('Nothing has been sent'), 20000), await text(p, told));
  await say('told e-2 mail sent');
  check('a letter stands there as soon as it is sent', await until(async () => /Mail\s*sent\s*start[\s\S]*1\.2 s after/.test(await text(p, told)), 30000), await text(p, told));
  await say('told e-2 bgp announced 203.0.113.77/32');
  await say('told e-2 bgp withdrawn 203.0.113.77/32');
  check('the rule, announced and withdrawn, in order', await until(async () => /Mail[\s\S]*rule announced[\s\S]*203\.0\.113\.77\/32[\s\S]*rule withdrawn/.test(await text(p, told)), 30000), await text(p, told));
  check('words of others are text there, too', (await text(p, told)).includes('<img src=x onerror=alert(1)>') && (await p.locator('main img').count()) === 0);

  /* The list of alerts by their state, in the address. */
  await move(p, '/alerts');
  await p.locator('input[name=show][value=closed]').check({ force: true });
  check('closed alerts alone, in the address', await until(async () => p.url().includes('show=closed') && (await p.locator('main tbody tr').count()) === 1 && (await text(p, 'main tbody')).includes('VN'), 30000), await text(p, 'main'));
  await p.locator('input[name=show][value=all]').check({ force: true });
  check('and all of them', await until(async () => p.url().includes('show=all') && (await p.locator('main tbody tr').count()) === 4, 30000), await text(p, 'main'));

  /* What people decide stays, as text, and says where the alert stands. */
  await move(p, '/alerts/a-1');
  const decide = async (act, words) => {
    await p.locator('main .decide select').first().selectOption(act);
    if (words) await p.locator(act === 'label' ? 'main .decide select >> nth=1' : 'main .decide input')[act === 'label' ? 'selectOption' : 'fill'](words);
    await p.locator('main .decide button[type=submit]').click();
  };
  const decided = (words) => until(async () => (await p.locator('main .decisions').count()) > 0 && words.test(await text(p, 'main .decisions')), 30000);
  await p.waitForSelector('main .decide');
  await decide('ack');
  check('an alert is acknowledged', await decided(/Acknowledge/));
  check('and can then be opened again', await until(() => p.locator('main .decide option[value=reopen]').count()));
  await decide('comment', BAD);
  check('a comment stays, as text', (await decided(/<img src=x onerror=alert\(1\)>/)) && (await p.locator('main img').count()) === 0);
  await decide('label', 'false-alarm');
  check('a label is said in words', await decided(/false alarm/));
  await p.reload();
  await p.waitForSelector('main .decisions');
  check('all of it outlives a reload', (await p.locator('main .decisions li').count()) === 3);

  /* What is not there, and what does not answer. */
  await move(p, '/alerts/no-such-alert');
  check('an unknown alert is said in words', await until(async () => (await text(p, 'main')).includes('Nothing is known about this')));
  await p.route('**/api/v1/attacks?*', (r) => r.abort());
  await move(p, '/attacks?range=1h');
  check('an answer that does not come is said', await until(async () => (await p.locator('main [role=alert] button').count()) === 1));
  await p.unroute('**/api/v1/attacks?*');
  await p.locator('main [role=alert] button').click();
  check('and can be asked for again', await until(async () => (await p.locator('main tbody tr').count()) > 0));
  let answer;
  const asked = new Promise((f) => { answer = f; }); /* there is no answer before it was seen to be waited for */
  await p.route('**/api/v1/groups?*', async (r) => { await asked; await r.continue().catch(() => {}); });
  await move(p, '/groups');
  check('a slow answer is waited for in words', await until(async () => (await p.locator('main .waiting[role=status]').count()) === 1, 60000));
  answer();
  check('and shown when it comes', await until(async () => (await p.locator('main .waiting').count()) === 0, 60000));
  await p.close();
}

/* On a phone a flow is two lines, what tells most of it; the rest is there when it is asked for. */
async function folding() {
  const p = await open({ query: 'flows?q=port%3D1433/tcp&lang=en', width: 390, height: 844, reduced: true });
  for (const [lang, details] of [['en', 'Details'], ['ja', '詳細']]) {
    await p.evaluate((l) => document.querySelector(`input[name=lang][value=${l}]`).click(), lang);
    await until(() => p.evaluate((l) => document.documentElement.lang === l, lang));
    const row = p.locator('main section[aria-label] tbody tr').first(), said = () => row.innerText();
    await row.waitFor();
    const high = (await row.boundingBox()).height, brief = await said();
    check(`a flow is two lines on a phone (${lang})`, high < 90, high);
    check(`with sender, port and packets (${lang})`, /\d+\.\d+\.\d+\.\d+/.test(brief) && brief.includes('1433/tcp') && brief.includes(details) && (await row.locator('.more-of:visible').count()) === 0, brief);
    await row.locator('button').focus();
    await p.keyboard.press('Enter');
    check(`the rest unfolds (${lang})`, (await row.locator('button').getAttribute('aria-expanded')) === 'true' && (await row.locator('.more-of').first().isVisible()), await said());
    await shot(p, `flows-unfolded-${lang}-phone`);
    await row.locator('button').click();
    check(`and folds again (${lang})`, Math.abs((await row.boundingBox()).height - high) < 2);
  }
  await p.setViewportSize({ width: 1280, height: 900 });
  check('on a desk everything is there', (await p.locator('main .more-of:visible').count()) > 5 && (await p.locator('main .unfold:visible').count()) === 0);
  await p.close();
}

await run(async () => {
  await say('minutes 130');
  for (const x of ['alert a-1 open high surge-port port:1433/tcp', 'alert a-2 open critical spoofed-flood victim:203.0.113.9/tcp', 'alert a-3 close low surge-country country:VN',
    'attack e-1 203.0.113.77 end dns', 'attack e-2 203.0.113.78 update ntp_monlist', 'told e-1 mail sent', 'told e-1 jsonl sent', 'told e-1 bgp announced 203.0.113.77/32', 'told e-1 webhook failed', 'group g-1', 'risk r-1 1433/tcp']) await say(x);
  await lookAtAll(VIEWS);
  await folding();
  await reading();
  const missing = complaints.filter((c) => /404/.test(c));
  complaints.splice(0, complaints.length, ...complaints.filter((c) => !/404/.test(c)), ...missing.slice(1)); /* the unknown alert */
});
