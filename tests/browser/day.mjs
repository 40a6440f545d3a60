/* Every view as each role, with data as they really come: numbers on the page against what the store said on the command
 * line. Prints TAP. Usage: [PAGE_SHOTS=DIR] node day.mjs URL SITES, the latter as t_day.py writes it. */
import { readFileSync } from 'node:fs';
import { check, open, reader, run, until } from './lib.mjs';
import { FACES, lookAt, move } from './look.mjs';
import { VIEWS } from '../../web/src/views.js';

const PASSWORD = 'correct horse battery', SLOW = 60000;
const ROLES = ['viewer', 'analyst', 'operator', 'admin'], NAMES = [...ROLES, 'honeypot', 'alerts']; /* of people, too, and of rooms */
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
    hits: attack ? [[`/hits?victim=${attack.victim}&${span}`, 'tbody tr', [attack.victim]]] : [[`/hits?${span}`, '.empty', []]],
    system: [['/system', panel('sys-kept') + ' .span-is', names]],
    admin: [['/admin', 'tbody tr:nth-child(4)', ROLES], ['/admin?part=audit', 'tbody tr', ['sign-in']]],
    account: [['/account', panel('acc-keys'), [role]]],
  };
}

async function signIn(site, role, faces, axe) {
  const p = await open({ base: site.url, who: await reader(), query: `sign-in?lang=${faces[0].lang}`, ...faces[0].size, dark: faces[0].dark, reduced: true });
  await p.waitForSelector('.sign-in');
  p.face = faces[0];
  if (axe) await lookAt(p, `${site.name}: sign-in`, { path: '/sign-in', sign: '.sign-in', tells: () => [] }, faces, axe);
  await p.locator('input[name=user]').fill(role);
  await p.locator('input[name=password]').fill(PASSWORD);
  await p.keyboard.press('Enter');
  await p.waitForSelector('nav a');
  return p;
}

async function reads(site, { role, faces, axe }) {
  const p = await signIn(site, role, faces, axe), all = looks(site, role);
  for (const view of VIEWS.filter((v) => !v.open && ROLES.indexOf(v.need) <= ROLES.indexOf(role)))
    for (const [i, [path, sign, tells, rows]] of (all[view.name] || []).entries()) {
      await move(p, path);
      await lookAt(p, `${site.name}: ${view.name}${i ? ' ' + (i + 1) : ''} as ${role}`, { path, sign, rows, names: view.name === 'admin' ? [...NAMES, 'packets'] : NAMES, tells: (main) => tells.filter((x) => !main.includes(x)) }, faces, axe);
    }
  await p.context().close();
}

/* Each role finds each view made in another face, and turns it into others. Who sees all looks at all of them by axe; who sees
 * least, at what is left out. */
const some = (...k) => k.map((i) => FACES[i]); /* in each half, every two of language, theme and size meet */
const WAYS = [{ role: 'admin', faces: FACES, axe: FACES.length }, { role: 'viewer', faces: some(1, 3, 5, 7), axe: 1 }, { role: 'analyst', faces: some(2, 6) }, { role: 'operator', faces: some(4, 0) }];
const OLD = [{ role: 'analyst', faces: some(0, 2, 4, 6) }, { role: 'viewer', faces: some(3, 7) }]; /* of the other store */

/* What one decides, another sees as it comes; filters are the portal's, not of the rows at hand. */
async function decides(site) {
  const as = (role) => signIn(site, role, FACES), analyst = await as('analyst'), operator = await as('operator');
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
  if (marx) work.push(...OLD.map((way) => [marx, way]));
  /* Two at a time, as much of it is waiting. */
  await decides(day);
  await Promise.all([0, 1].map(async () => { for (let next; (next = work.shift());) await reads(...next); }));
});
