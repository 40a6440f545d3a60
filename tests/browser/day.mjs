/* Every view as each role, with data as they really come: numbers on the page against what the store said on the command
 * line. Prints TAP. Usage: [PAGE_SHOTS=DIR] node day.mjs URL SITES, the latter as t_day.py writes it. */
import { readFileSync } from 'node:fs';
import { axeRun, check, open, reader, run, shot, text, until } from './lib.mjs';
import { move } from './look.mjs';
import { VIEWS } from '../../web/src/views.js';

const PASSWORD = 'correct horse battery', SLOW = 60000;
const ROLES = ['viewer', 'analyst', 'operator', 'admin'];
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 }), number = (v) => whole.format(v);
const panel = (id) => `section[aria-labelledby=${id}]`;
const busiest = (list, by) => [...list].sort((a, b) => b[by] - a[by])[0];

/* What a view shows of a site's time: [path, what is there when its data are, texts that must be on it (the same in
 * both languages)], by the view's name; several when one picture is not enough. */
function looks(f, role) {
  const span = `from=${f.from}&to=${f.to}`, analyst = role !== 'viewer';
  const port = f.ports[0], country = f.countries.find((c) => c.country), host = f.senders[0], alert = f.alerts[0];
  const names = f.sensors.filter((s) => s.source !== 'honeypot').map((s) => s.sensor), group = f.groups[0]?.key;
  const attack = busiest(f.episodes.filter((e) => e.prefix_bits === 128 && e.profile === 'isp'), 'packets');
  return {
    now: [['/?range=24h', '.plot .u-over', names]],
    mine: [[`/mine?country=${country.country}&${span}`, panel('hours') + ' .u-over', [number(country.sources)]]],
    alerts: [[`/alerts?show=all&${span}`, 'tbody tr', [...new Set(f.alerts.map((a) => a.tlp))], new Set(f.alerts.map((a) => a.id)).size]],
    alert: alert && [[`/alerts/${alert.id}`, analyst ? '.chain .findings li' : '.chain', [alert.id, number(alert.packets)]]],
    attacks: attack ? [[`/attacks?${span}`, 'tbody tr', [attack.victim, number(attack.packets)]]] : [[`/attacks?${span}`, '.empty', []]],
    attack: attack && [[`/attacks/${attack.id}`, '.plot .u-over', [attack.victim, number(attack.packets), 'osaka', 'oslo']]],
    ports: [[`/ports?${span}`, '.heat canvas', [port.port, number(port.packets), number(port.sources), ...f.risks.slice(0, 1).map((r) => r.key.slice(5))]]],
    groups: [[`/groups?${span}`, group ? '.lane rect' : '.empty', group ? [group.slice(6)] : []]],
    group: group && [[`/groups/${encodeURIComponent(group)}?${span}`, analyst ? '.sync-canvas' : '.stats', [group.slice(6)]]],
    compare: [[`/compare?home=${f.home}&${span}`, '.sensors-matrix td', names]],
    about: [[`/about/${port.port}?${span}`, '.plot .u-over', [number(port.packets)]], [`/about/${country.country}?${span}`, '.plot .u-over', names],
      ...(analyst ? [[`/about/${host.src}?${span}`, '.heat canvas', [number(host.packets)]]] : [])],
    flows: [[`/flows?q=port%3D${port.port}&${span}`, 'tbody tr:nth-child(100)', [port.port]]],
    system: [['/system', panel('sys-kept') + ' .span-is', names]],
    admin: [['/admin', 'tbody tr:nth-child(4)', ROLES], ['/admin?part=audit', 'tbody tr', ['sign-in']]],
    account: [['/account', panel('acc-keys'), [role]]],
  };
}

async function signIn(site, way) {
  const who = await reader(), p = await open({ base: site.url, who, query: `sign-in?lang=${way.lang}`, reduced: true, ...way });
  await p.waitForSelector('.sign-in');
  if (way.axe) check(`sign-in (${site.name}, ${way.lang}): axe finds nothing`, (await axeRun(p)).length === 0);
  await p.locator('input[name=user]').fill(way.role);
  await p.locator('input[name=password]').fill(PASSWORD);
  await p.keyboard.press('Enter');
  await p.waitForSelector('nav a');
  return p;
}

async function lookAt(site, way) {
  const p = await signIn(site, way), all = looks(site, way.role);
  for (const view of VIEWS.filter((v) => !v.open && ROLES.indexOf(v.need) <= ROLES.indexOf(way.role)))
    for (const [i, [path, sign, tells, rows]] of (all[view.name] || []).entries()) {
      const what = `${site.name}: ${view.name}${i ? ' ' + (i + 1) : ''} as ${way.role} (${way.lang}, ${way.dark ? 'dark' : 'light'}, ${way.width} px)`;
      await move(p, path);
      const there = await until(async () => new URL(p.url()).pathname === path.split('?')[0] && (await p.locator('main ' + sign).count()) > 0 && (await p.locator('main .waiting').count()) === 0, SLOW);
      const main = await text(p, 'main'), missing = tells.filter((x) => !main.includes(x));
      check(`${what}: has its data`, there && missing.length === 0 && (await p.locator('main [role=alert]').count()) === 0, `${path} ${JSON.stringify(missing)} ${there}\n${main}`);
      if (rows) check(`${what}: all of them`, (await p.locator('main tbody tr').count()) === rows, [rows, main]);
      check(`${what}: no horizontal scroll`, (await p.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
      if (way.axe) {
        const found = await axeRun(p);
        check(`${what}: axe finds nothing`, found.length === 0, found);
      }
      await shot(p, [site.name, view.name + (i || ''), way.role, way.lang, way.dark ? 'dark' : 'light', way.width].join('-'));
    }
  await p.context().close();
}

/* Each role in both languages; every three of language, theme and size meet, and axe looks at every two of theme and size. */
const desk = { width: 1280, height: 900 }, phone = { width: 390, height: 844 };
const WAYS = [
  { role: 'viewer', lang: 'en', dark: false, axe: true, ...phone }, { role: 'viewer', lang: 'ja', dark: true, axe: true, ...desk },
  { role: 'analyst', lang: 'en', dark: true, ...desk }, { role: 'analyst', lang: 'ja', dark: false, ...phone },
  { role: 'operator', lang: 'en', dark: true, ...phone }, { role: 'operator', lang: 'ja', dark: false, ...desk },
  { role: 'admin', lang: 'en', dark: false, axe: true, ...desk }, { role: 'admin', lang: 'ja', dark: true, axe: true, ...phone },
];

/* What one decides, another sees as it comes; filters are the portal's, not of the rows at hand. */
async function decides(site) {
  const as = (role) => signIn(site, { role, lang: 'en', ...desk }), analyst = await as('analyst'), operator = await as('operator');
  const a = site.alerts[0], list = `/alerts?show=all&from=${site.from}&to=${site.to}`, line = operator.locator('main tbody tr', { has: operator.locator(`a[href*="${a.id}"]`) });
  await move(operator, list);
  await line.waitFor();
  await move(analyst, `/alerts/${a.id}`);
  for (const [act, words] of [['ack', null], ['assign', 'keiko']]) {
    await analyst.locator('form.decide select').selectOption(act);
    if (words) await analyst.locator('form.decide input').fill(words);
    await analyst.locator('form.decide button').click();
    await analyst.locator('.decisions li', { hasText: words || 'Acknowledge' }).waitFor();
  }
  const said = async () => /acknowledged[\s\S]*→ keiko/.test(await line.innerText());
  check('a decision is seen by others as it comes', await until(said, SLOW), await line.innerText());
  await operator.reload();
  check('and stays', await until(async () => (await line.count()) === 1 && said(), SLOW));
  for (const [words, fits] of [['kind=drdos', (x) => x.kind === 'drdos'], ['severity=high', (x) => ['high', 'critical'].includes(x.severity)]]) {
    const wanted = site.alerts.filter(fits).length, rows = operator.locator('main tbody tr');
    await move(operator, `${list}&${words}`);
    check(`alerts with ${words}`, await until(async () => (await rows.count()) === wanted, SLOW), [wanted, await rows.count()]);
  }
  for (const p of [analyst, operator]) await p.context().close();
}

await run(async () => {
  const [day, marx] = JSON.parse(readFileSync(process.argv[3], 'utf8'));
  const work = WAYS.map((way) => [day, way]);
  if (marx) work.push(...WAYS.filter((way) => way.dark).map((way) => [marx, { ...way, axe: false }]));
  /* Two at a time, as much of it is waiting. */
  await decides(day);
  await Promise.all([0, 1].map(async () => { for (let next; (next = work.shift());) await lookAt(...next); }));
});
