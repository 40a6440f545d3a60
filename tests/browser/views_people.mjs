/* One's own account and the administration, in a portal with accounts; one's own network as a viewer and as an
 * analyst. Prints TAP. Usage: [PAGE_SHOTS=DIR] node views_people.mjs PAGE_SERVER ACCOUNTS */
import { createHmac } from 'node:crypto';
import { check, complaints, open, run, say, text, until, url } from './lib.mjs';
import { lookAtAll } from './look.mjs';

const SLOW = 40000, PASSWORD = 'correct horse battery', NEXT = 'another horse, another battery', ROLES = ['viewer', 'analyst', 'operator', 'admin'] /* names of people, too */, BAD = '<img src=x onerror=alert(1)>';
const panel = (id) => `section[aria-labelledby=${id}]`;
const there = (p, sel) => until(() => p.locator(sel).count(), SLOW);
const saying = (p, sel, words) => until(async () => words.test(await text(p, sel).catch(() => '')), SLOW);

/* RFC 6238, the other side's way: from the secret as people type it. */
function code(secret) {
  const bits = [...secret.replace(/\s/g, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2))), at = Buffer.alloc(8);
  at.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)));
  const mac = createHmac('sha1', key).update(at).digest(), from = mac[19] & 15;
  return String((mac.readUInt32BE(from) & 0x7fffffff) % 1000000).padStart(6, '0');
}

const prove = (p, password = PASSWORD) => p.locator('form.edit input[name=proof]').fill(password);
async function signIn(user, password = PASSWORD, lang = 'en') {
  const p = await open({ query: `sign-in?lang=${lang}`, reduced: true });
  await p.waitForSelector('.sign-in', { timeout: SLOW });
  await p.locator('input[name=user]').fill(user);
  await p.locator('input[name=password]').fill(password);
  await p.keyboard.press('Enter');
  return p;
}
const signOut = async (p) => { await p.context().clearCookies(); await p.close(); };
const inside = (p) => there(p, 'nav a');
const at = async (p, path) => { await p.goto(new URL(path, url).href); };

/* Organisations with their part of the world, their people; what the portal says against it. */
async function administers() {
  const p = await signIn('admin');
  await inside(p);
  await at(p, '/admin?part=orgs');
  await there(p, panel('orgs') + ' tbody tr');
  await p.locator('button', { hasText: 'Add an organisation' }).click();
  await there(p, 'form.edit');
  check('a form takes the focus', await p.evaluate(() => document.activeElement.name === 'name'));
  await p.locator('form.edit input[name=name]').fill('isp');
  await p.locator('input[name=title]').fill('An ISP ' + BAD);
  await p.locator('input[name=scope]').fill('AS64500 192.0.2.0/24 nowhere');
  await prove(p);
  check('what a scope means is said while it is written', await saying(p, 'form.edit', /network 64500, addresses 192\.0\.2\.0\/24, nowhere: not understood/));
  await p.keyboard.press('Enter');
  check('what the portal says against it is said', await saying(p, 'form.edit [role=alert]', /nowhere/), await text(p, 'form.edit'));
  await p.locator('input[name=scope]').fill('AS64500 192.0.2.0/24');
  await prove(p, '');
  await p.keyboard.press('Enter');
  check('no part of the world without the own password', await saying(p, 'form.edit [role=alert]', /password/), await text(p, 'form.edit'));
  await prove(p);
  await p.locator('select[name=clearance]').selectOption('TLP:AMBER');
  await p.keyboard.press('Enter');
  check('an organisation is added', await until(async () => (await p.locator(panel('orgs') + ' tbody tr', { hasText: 'An ISP' }).count()) === 1 && (await p.locator('form.edit').count()) === 0, SLOW), await text(p, 'main'));
  await at(p, '/admin?edit=isp&part=orgs');
  check('what is changed is in the address', await until(async () => (await p.locator('form.edit input[name=name]').inputValue()) === 'isp' && (await p.locator('select[name=clearance]').inputValue()) === 'TLP:AMBER', SLOW));
  await p.locator('select[name=clearance]').selectOption('TLP:GREEN');
  await prove(p);
  await p.locator('form.edit button[type=submit]').click();
  check('and changed', await saying(p, panel('orgs') + ' tbody', /isp[\s\S]*TLP:GREEN/), await text(p, 'main'));

  await at(p, '/admin');
  await there(p, panel('users') + ' tbody tr');
  await p.locator('button', { hasText: 'Add a person' }).click();
  await there(p, 'form.edit');
  for (const [k, v] of [['user', 'keiko'], ['name', 'Keiko ' + BAD], ['password', PASSWORD]]) await p.locator(`form.edit input[name=${k}]`).fill(v);
  await until(async () => (await p.locator('select[name=org] option[value=isp]').count()) === 1, SLOW);
  await p.locator('select[name=org]').selectOption('isp');
  await p.locator('select[name=role]').selectOption('analyst');
  await p.locator('form.edit button[type=submit]').click();
  check('nobody is given rights without the own password', await saying(p, 'form.edit [role=alert]', /password/), await text(p, 'form.edit'));
  await prove(p);
  await p.locator('form.edit button[type=submit]').click();
  check('a person is added', await saying(p, panel('users') + ' tbody', /keiko[\s\S]*Keiko <img[\s\S]*isp[\s\S]*analyst/), await text(p, 'main'));
  await p.locator(panel('users') + ' td a', { hasText: 'isp' }).click();
  check('people of one organisation', await until(async () => (await p.locator(panel('users') + ' tbody tr').count()) === 1 && p.url().includes('of=isp')), p.url());

  /* The log, a page at a time. */
  await p.evaluate(async () => { for (let i = 0; i < 105; i++) await fetch('/api/v1/orgs', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Practice': '1' }, body: JSON.stringify({ name: 'isp', title: 'An ISP ' + i }) }); });
  await at(p, '/admin?part=audit');
  await there(p, panel('audit') + ' tbody tr');
  const numbers = async () => (await p.locator(panel('audit') + ' tbody th').allInnerTexts()).map((x) => Number(x.replace(/,/g, '')));
  const first = await numbers();
  check('the log: a hundred lines, the newest first', first.length === 100 && first.every((n, i) => i === 0 || n === first[i - 1] - 1), first);
  await p.locator('a', { hasText: 'Older' }).click();
  check('then those before', await until(async () => (await numbers())[0] === first[99] - 1, SLOW) && p.url().includes('before=' + first[99]), p.url());
  for (let top; (await p.locator('a', { hasText: 'Older' }).count()) && top !== (await numbers())[0];) {
    top = (await numbers())[0];
    await p.locator('a', { hasText: 'Older' }).click();
    await until(async () => { const n = await numbers(); return n.length > 0 && n[0] < top; }, SLOW);
  }
  check('to the very first', (await numbers()).at(-1) === 1, await numbers());
  await p.locator('a', { hasText: 'Newest' }).click();
  check('and back to the newest', await until(async () => (await numbers())[0] >= first[0], SLOW));
  await lookAtAll([['/admin', panel('users') + ' tbody tr', /keiko/, ROLES], ['/admin?part=orgs&edit=jp', 'form.edit', /TLP:AMBER/], ['/admin?part=audit', panel('audit') + ' tbody tr', /admin/, ROLES], ['/account', panel('acc-keys') + ' form', /admin/]]);
  /* Where an address is, this portal does not know: the attack's prefix is theirs. */
  await at(p, '/admin?part=orgs&edit=jp');
  await there(p, 'form.edit');
  await p.locator('input[name=scope]').fill('JP 203.0.113.0/24');
  await prove(p);
  await p.keyboard.press('Enter');
  check('a scope is changed', await saying(p, panel('orgs') + ' tbody', /203\.0\.113\.0\/24/));
  await signOut(p);
}

/* Keys, password, second factor: each by what it then does. */
async function account() {
  let p = await signIn('keiko');
  await inside(p);
  await at(p, '/account');
  await there(p, panel('acc-keys') + ' form');
  check('the account says what one may see', /AS64500 192\.0\.2\.0\/24[\s\S]*TLP:GREEN/.test(await text(p, panel('acc-who'))), await text(p, panel('acc-who')));
  const make = async (proof) => { await p.locator('input[name=label]').fill('SIEM ' + BAD); await p.locator(panel('acc-keys') + ' input[name=proof]').fill(proof); await p.keyboard.press('Enter'); };
  await make('not the one of now');
  check('no key without the present password', await there(p, panel('acc-keys') + ' [role=alert]') && (await p.locator('.made').count()) === 0);
  await make(PASSWORD);
  await there(p, '.made .secret');
  const key = await text(p, '.made .secret'), ask = () => fetch(url + 'api/v1/status', { headers: { Authorization: 'Bearer ' + key } }).then((r) => r.status);
  check('a key is made, and opens', key.startsWith('pk_') && (await ask()) === 200, key.slice(0, 6));
  await p.locator('button', { hasText: 'I have it' }).click();
  check('it is shown once', await until(async () => !(await text(p, 'main')).includes(key)));
  await p.locator(panel('acc-keys') + ' td button', { hasText: 'End' }).click();
  await p.locator('button.danger').click();
  check('ended, it opens no more', await until(async () => (await ask()) === 401, SLOW));
  check('and is kept as ended', await saying(p, panel('acc-keys') + ' tbody', /SIEM <img[\s\S]*ended/));

  const fill = async (old, fresh, again) => { for (const [k, v] of [['old', old], ['fresh', fresh], ['again', again]]) await p.locator(`${panel('acc-password')} input[name=${k}]`).fill(v); };
  await fill(PASSWORD, NEXT, 'something else here');
  check('two passwords that differ are said', (await text(p, panel('acc-password') + ' [role=alert]')).includes('not the same') && await p.locator(panel('acc-password') + ' button').isDisabled());
  await fill('not the one of now', NEXT, NEXT);
  await p.locator(panel('acc-password') + ' button').click();
  check('the present one is asked for', await there(p, panel('acc-password') + ' [role=alert]'));
  await at(p, '/account');
  await there(p, panel('acc-keys') + ' form');
  await fill(PASSWORD, NEXT, NEXT);
  await p.locator(panel('acc-password') + ' button').click();
  check('the password is changed', await saying(p, panel('acc-password'), /in force/), await text(p, 'main'));
  await signOut(p);
  p = await signIn('keiko');
  check('the old one is refused', await there(p, '.sign-in [role=alert]:not(:empty)'));
  await signOut(p);

  p = await signIn('keiko', NEXT);
  check('the new one opens', await inside(p));
  await at(p, '/account');
  await there(p, panel('acc-totp') + ' button');
  await p.locator(panel('acc-totp') + ' input[name=proof]').fill('not the one of now');
  await p.locator(panel('acc-totp') + ' button').click();
  check('no second factor without the present password', await there(p, panel('acc-totp') + ' [role=alert]') && (await p.locator('.qr').count()) === 0);
  await p.locator(panel('acc-totp') + ' input[name=proof]').fill(NEXT);
  await p.locator(panel('acc-totp') + ' button').click();
  await there(p, '.qr');
  const secret = await text(p, panel('acc-totp') + ' .secret');
  await p.locator('input[name=totp]').fill('000000');
  await p.locator(panel('acc-totp') + ' button[type=submit]').click();
  check('a wrong code is refused', await there(p, panel('acc-totp') + ' [role=alert]'));
  await p.locator('input[name=totp]').fill(code(secret));
  await p.locator(panel('acc-totp') + ' button[type=submit]').click();
  check('the second factor is in force', await saying(p, panel('acc-totp'), /The second factor is in force/), await text(p, panel('acc-totp')));
  await signOut(p);
  p = await signIn('keiko', NEXT);
  check('and asked for at the door', await there(p, 'input[name=code]'));
  await signOut(p);
}

/* The own part of the world is given; whose hosts, analysts see. */
async function mine() {
  for (const role of ['viewer', 'analyst']) {
    const p = await signIn(role);
    await inside(p);
    await at(p, '/mine');
    await there(p, panel('victims') + ' tbody tr');
    await until(async () => (await p.locator('main .waiting').count()) === 0, SLOW);
    const main = await text(p, 'main');
    check(`${role}: the own part is given, not chosen`, /Your part of the world:\s+JP/.test(main) && (await p.locator('.field-form').count()) === 0, main);
    check(`${role}: attacks on it`, main.includes('203.0.113.77'));
    const hosts = await text(p, panel('hosts'));
    check(`${role}: ${role === 'viewer' ? 'addresses of senders are not for it' : 'hosts suspected of infection'}`, role === 'viewer' ? hosts.includes('Addresses are shown to analysts') && !/203\.\d+\.\d+\.\d+/.test(hosts) : !hosts.includes('shown to analysts'), hosts);
    await at(p, '/alerts');
    await say(`alert m-${role} open high drdos drdos:203.0.113.9:dns`);
    check(`${role}: an alert about the own part comes by itself`, await saying(p, 'main', /203\.0\.113\.9/), await text(p, 'main'));
    await say(`alert m-${role} update high drdos drdos:198.51.100.9:dns`);
    check(`${role}: and goes when it is no longer`, await until(async () => !(await text(p, 'main')).includes('203.0.113.9'), SLOW), await text(p, 'main'));
    check(`${role}: no way to what it may not see`, role !== 'viewer' || (await p.locator('main a[href^="/flows"]').count()) === 0);
    await signOut(p);
  }
}

await run(async () => {
  await say('minutes 30');
  await say('alert a-1 open high surge-country country:JP');
  await say('attack e-1 203.0.113.77 update dns');
  await administers();
  await mine();
  await account();
  const expected = complaints.filter((c) => /\b40[0134]\b/.test(c)); /* what was refused on purpose */
  complaints.splice(0, complaints.length, ...complaints.filter((c) => !expected.includes(c)));
});
