/* Groups, sensors compared, one's own network and the machinery, in a portal without accounts. Prints TAP.
 * Usage: [PAGE_SHOTS=DIR] node views_net.mjs PAGE_SERVER */
import { check, open, run, say, text, until } from './lib.mjs';
import { lookAtAll, move } from './look.mjs';

const GROUP = '/groups/group%3A52869%2Ftcp', HOSTS = 24; /* planted: page_server's group, in step, at bonn and 3 min later at tokyo */
const VIEWS = [
  ['/groups', '.lane rect', /52869\/tcp/],
  [GROUP, '.sync-canvas', /203\.0\.113\.13/],
  ['/compare?home=JP', '.sensors-matrix td a', /tokyo/],
  ['/compare?home=JP&by=overlap&pair=bonn~tokyo&as=table', '.pair .bars', /tokyo/],
  ['/mine?country=JP&since=2013-08-07T00:30:00Z', 'section[aria-labelledby=victims] tbody tr', /203\.0\.113\.77/],
  ['/system', 'section[aria-labelledby=sys-counters] tbody tr', /jakarta/],
  ['/system?by=lost', '.u-over', /jakarta/],
  ['/account', '.look', /日本語/],
];
const SLOW = 40000; /* a busy machine's: nothing here is timed */
const panel = (id) => `section[aria-labelledby=${id}]`;
/* Pixels of a colour other than the ground. */
const drawn = (p, sel) => p.locator(sel).evaluate((c) => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, ground = d.slice(d.length / 2, d.length / 2 + 3); let k = 0; for (let i = 0; i < d.length; i += 4) k += d[i + 3] > 0 && (d[i] !== ground[0] || d[i + 1] !== ground[1]); return k; });
const tick = (p, name, value) => p.locator(`input[name="${name}"][value="${value}"]`).check({ force: true });
const there = (p, sel) => until(() => p.locator(sel).count(), SLOW);

async function groups() {
  const p = await open({ query: 'groups?lang=en', reduced: true });
  await there(p, 'main tbody tr');
  check('a group is one line, whatever engines and findings say it', (await p.locator('main tbody tr').count()) === 1 && /nmf[\s\S]*glasso/.test(await text(p, 'main tbody tr')), await text(p, 'main tbody'));
  await p.locator('main tbody a', { hasText: String(HOSTS) }).last().focus();
  await p.keyboard.press('Enter');
  check('the number of hosts leads to the group', await until(async () => new URL(p.url()).pathname === GROUP), p.url());
  await there(p, '.sync-canvas');
  check('its heading has the focus and says which', await until(() => p.evaluate(() => document.activeElement.tagName === 'H1' && document.activeElement.textContent === 'Group at 52869/tcp')));
  check('the picture is drawn', await until(async () => (await drawn(p, '.sync-canvas')) > 2000));
  const caption = await text(p, '.sync figcaption');
  check('all planted hosts are active at once', caption.includes(`${HOSTS} of ${HOSTS}`), caption);
  check('and nearly in full synchrony', parseInt(await p.locator('.stat', { hasText: 'Synchrony' }).locator('b').innerText(), 10) >= 90, await text(p, '.stats'));
  check('the port stands first', (await text(p, panel('dim-ports') + ' .bars tr')).includes('52869/tcp'));
  check('so does the planted country', (await text(p, panel('dim-countries') + ' .bars tr')).includes('Vietnam'));
  await tick(p, 'sync-view', 'table');
  check('the table says the same', await until(async () => (await p.locator(panel('sync') + ' tbody tr').allInnerTexts()).some((x) => /\t24\t100 %\t/.test(x))), await text(p, panel('sync')));
  await tick(p, 'sync-order', 'packets');
  const packets = async () => (await p.locator(panel('members') + ' tbody td:nth-child(6)').allInnerTexts()).map(Number);
  check('members in another order', await until(async () => { const v = await packets(); return v.length > 5 && v.every((x, i) => i === 0 || x <= v[i - 1]); }), await packets());
  check('who says so, engine by engine', (await p.locator('.claims li').count()) === 2);
  check('what people decided can be said there', (await p.locator(panel('claims') + ' form.decide').count()) === 1 || (await text(p, panel('claims'))).includes('nmf'));
  await p.locator(panel('members') + ' tbody th a').first().click();
  check('a member leads to all that is known of it', await until(async () => /^\/about\/203\.0\.113\./.test(new URL(p.url()).pathname)), p.url());
  await p.goBack();
  check('and back', await until(async () => (await p.locator('.sync-canvas').count()) === 1, SLOW));
  await p.close();
}

async function compare() {
  const p = await open({ query: 'compare?lang=en', reduced: true });
  await there(p, '.sensors-matrix');
  check('with nobody at home it says so', (await text(p, panel('abroad'))).includes('nobody is at home'));
  await p.locator('main select').selectOption('JP');
  check('home is chosen, and in the address', await until(async () => p.url().includes('home=JP') && (await p.locator('.at-home').count()) === 2, SLOW), p.url());
  check('what began abroad says by how much', await until(async () => /Median lead\s+3 min\s+seen abroad before/.test(await text(p, '.stats')), SLOW), await text(p, '.stats'));
  const story = await text(p, '.onsets li');
  check('the planted group was at bonn first', story.includes('group:52869/tcp') && story.includes('bonn'), story);
  check('and later at tokyo, in words too', (await p.locator('.onset[role=img]').first().getAttribute('aria-label')) === 'bonn First, tokyo +3 min', await p.locator('.onset[role=img]').first().getAttribute('aria-label'));
  const cell = p.locator('.sensors-matrix tbody tr', { hasText: 'bonn' }).first().locator('td a', { hasText: '+3 min' });
  await cell.focus();
  await p.keyboard.press('Enter');
  check('a cell opens what is behind it', await until(async () => (await p.locator('.pair').count()) === 1 && new URL(p.url()).searchParams.get('pair') === 'bonn~tokyo'), p.url());
  const pair = await text(p, '.pair'), link = p.url();
  check('... lag, who was first, shared senders', pair.includes('+3 min') && pair.includes('bonn: 1, tokyo: 0') && /of [\d,]+ senders/.test(pair), pair);
  await tick(p, 'onsets-view', 'table');
  check('the stories as a table', await until(async () => /\+3 min/.test(await text(p, panel('onsets') + ' tbody'))));
  const other = await open({ query: link.slice(link.indexOf('/', 8) + 1) });
  check('a link shows the same to somebody else', await until(async () => (await text(other, '.pair').catch(() => '')) === pair, SLOW));
  await other.close();
  await p.goBack();
  check('back closes it', await until(async () => (await p.locator('.pair').count()) === 0), p.url());
  await tick(p, 'compare-by', 'overlap');
  check('overlap as parts of all', await until(async () => /\d+(\.\d)? %/.test(await text(p, '.sensors-matrix td a')) && p.url().includes('by=overlap')));
  await p.close();
}

async function mine() {
  const p = await open({ query: 'mine?lang=en', reduced: true });
  await there(p, 'main select');
  check('who sees the whole world is asked for its part', await until(async () => (await text(p, 'main')).includes('Which part of the world is yours?')));
  await until(async () => (await p.locator('main select option[value=JP]').count()) === 1);
  await p.locator('main select').first().selectOption('JP');
  await there(p, panel('hosts') + ' tbody tr');
  await until(async () => (await p.locator('main .waiting').count()) === 0, SLOW);
  const main = await text(p, 'main');
  check('sources, attacks on it, surges from it', /Own hosts seen\s+[\d,]+/.test(main) && main.includes('203.0.113.77') && main.includes('Many more than usual: JP'), main);
  const seen = await text(p, panel('seen'));
  check('what other countries see of us, sensor by sensor', ['bonn', 'jakarta', 'sydney', 'tokyo', 'Germany'].every((s) => seen.includes(s)), seen);
  check('names from outside are text', main.includes('www.⟨U+202E⟩<img src=x onerror=alert(1)>'));
  check('its curve is drawn', await until(async () => (await drawn(p, panel('hours') + ' canvas')) > 1000));
  await tick(p, 'mine-view', 'table');
  check('with a table of the same', await until(async () => (await p.locator(panel('hours') + ' tbody tr').count()) > 2));
  await p.locator(panel('hosts') + ' tbody td a').first().click();
  check('a number leads to its flows', await until(async () => new URL(p.url()).pathname === '/flows' && (await p.locator('main tbody tr').count()) > 0, SLOW), p.url());
  await move(p, '/mine');
  check('the country is remembered', await until(async () => p.url().includes('country=JP') && (await p.locator(panel('hosts') + ' tbody tr').count()) > 0, SLOW), p.url());
  await say('minutes 15');
  await say('attack e-9 203.0.113.99 update dns');
  const next = await open({ query: 'mine?lang=en', reduced: true });
  check('what has come since the last visit is new', await until(async () => /Since .*new attacks: 1/s.test(await text(next, '.news').catch(() => '')), SLOW), await text(next, 'main'));
  check('and marked', (await next.locator(panel('victims') + ' tr', { hasText: '203.0.113.99' }).locator('.chip.new').count()) === 1);
  await next.locator('.field-form input').fill('AS4713');
  await next.keyboard.press('Enter');
  check('or a network', await until(async () => next.url().includes('asn=4713') && (await text(next, 'main')).includes('AS4713') , SLOW), next.url());
  await next.close();
  await p.close();
}

async function system() {
  const p = await open({ query: 'system?lang=en', reduced: true });
  await there(p, panel('sys-sensors') + ' tbody tr');
  check('a played capture has no lag, in words', await until(async () => (await text(p, panel('sys-health'))).includes('their lag is not known'), SLOW), await text(p, panel('sys-health')));
  await tick(p, 'health-by', 'lost');
  check('what was lost is a curve', await until(async () => (await p.locator(panel('sys-health') + ' canvas').count()) === 1 && (await drawn(p, panel('sys-health') + ' canvas')) > 500));
  await tick(p, 'health-view', 'table');
  check('and a table', await until(async () => (await p.locator(panel('sys-health') + ' tbody tr').count()) > 5));
  await p.locator(panel('sys-counters') + ' input[type=text], ' + panel('sys-counters') + ' input:not([type])').first().fill('no such thing');
  check('counters can be found by word', await until(async () => (await text(p, panel('sys-counters'))).includes('No such counter')));
  await say('mute jakarta');
  await say('minutes 20');
  await p.reload();
  check('who needs somebody stands first', await until(async () => /jakarta[\s\S]*silent/.test(await text(p, panel('sys-sensors') + ' tbody tr').catch(() => '')), SLOW), await text(p, panel('sys-sensors')));
  await p.close();
}

await run(async () => {
  await say('minutes 130');
  for (const x of ['group g-1', 'alert a-1 open high surge-port port:1433/tcp', 'alert a-2 open medium surge-country country:JP', 'alert a-3 open critical spoofed-flood victim:203.0.113.9/tcp', 'attack e-1 203.0.113.77 end dns', 'attack e-2 203.0.113.78 update ntp_monlist']) await say(x);
  await lookAtAll(VIEWS);
  await groups();
  await compare();
  await mine();
  await system();
});
