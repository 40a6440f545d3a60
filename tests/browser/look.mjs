/* Views looked at one after the other, each in all its faces: their data are there, nothing sticks out, nothing became
 * markup, nothing is left in English, axe is content. A view is asked for once and turned over in place, as a reader
 * does who chooses another language, another theme or another window. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { axeRun, check, open, require, root, shot } from './lib.mjs';

/* To another view, as by a link, without loading the page anew. */
export const move = (p, path) => p.evaluate((u) => { const a = document.createElement('a'); a.href = u; document.body.append(a); a.click(); a.remove(); }, path);

const catalogues = [join(root, 'web/src/i18n'), ...readdirSync(join(root, 'web/src/views')).map((v) => join(root, 'web/src/views', v))]
  .map((d) => { try { return [require(join(d, 'en.json')), require(join(d, 'ja.json'))]; } catch { return [{}, {}]; } });
const ENGLISH = catalogues.flatMap(([en, ja]) => Object.entries(en).filter(([k, v]) => v !== ja[k] && !v.includes('{') && v.length > 5).map(([, v]) => v));
const englishLeft = (body) => { const lines = new Set(body.split('\n').map((l) => l.trim())); return ENGLISH.filter((v) => lines.has(v)); };

/* Every language, theme and size with every other, each one turn from the one before it. */
const desk = { width: 1280, height: 900 }, phone = { width: 390, height: 844 };
const face = (lang, dark, size) => ({ lang, dark, size, words: `${lang}, ${dark ? 'dark' : 'light'}, ${size.width} px` });
export const FACES = [face('en', false, desk), face('en', true, desk), face('en', true, phone), face('en', false, phone),
  face('ja', false, phone), face('ja', true, phone), face('ja', true, desk), face('ja', false, desk)];

export async function turn(p, to) {
  if (p.face?.size !== to.size) await p.setViewportSize(to.size);
  if (p.face?.dark !== to.dark) await p.emulateMedia({ colorScheme: to.dark ? 'dark' : 'light', reducedMotion: 'reduce' });
  if (p.face?.lang !== to.lang) await p.evaluate((l) => document.querySelector(`input[name=lang][value=${l}]`).click(), to.lang);
  p.face = to;
}

/* Once it is so, or after a long time: whether it is. */
const within = (p, what, with_, timeout) => p.waitForFunction(what, with_, { timeout, polling: 50 }).then(() => true, () => false);
const arrives = (p, view) => within(p, ([path, sign]) => location.pathname === path && document.querySelector('main ' + sign) && !document.querySelector('main .waiting'), [view.path.split('?')[0], view.sign], 60000);
const turned = (p, to) => within(p, (lang) => document.documentElement.lang === lang && document.documentElement.scrollWidth <= innerWidth, to.lang, 20000);
const glance = (p, sign) => p.evaluate((s) => ({
  there: !!document.querySelector('main ' + s), rows: document.querySelectorAll('main tbody tr').length, text: document.querySelector('main').innerText,
  fails: !!document.querySelector('main [role=alert]:not(:empty)'), over: document.documentElement.scrollWidth - innerWidth, markup: window.bad || !!document.querySelector('main img'),
}), sign);

/* The view that the page is on its way to, in these faces: from the end of them that the page has now. view: {path; sign: what is
 * there when its data are; tells: which words are missing; names: of its data, that are words of ours too; rows: how many, when
 * that is known}; axe: in so many of the faces. Axe looks at all in
 * one face of each language and of each size, and in the others at what they may have made wrong. */
export async function lookAt(p, what, view, faces, axe = 0) {
  const arrived = await arrives(p, view), seen = new Set();
  for (const [i, to] of (p.face === faces.at(-1) ? [...faces].reverse() : faces).entries()) {
    const how = `${what} (${to.words})`;
    await turn(p, to);
    await turned(p, to);
    const saw = await glance(p, view.sign), missing = view.tells(saw.text);
    check(`${how}: has its data`, arrived && saw.there && !saw.fails && missing.length === 0, `${view.path} ${JSON.stringify(missing)} ${arrived}\n${saw.text}`);
    check(`${how}: no horizontal scroll`, saw.over <= 0, saw.over);
    check(`${how}: nothing became markup`, !saw.markup);
    if (view.rows) check(`${how}: all of them`, saw.rows === view.rows, [view.rows, saw.rows]);
    if (to.lang === 'ja') {
      const left = englishLeft(saw.text).filter((w) => !(view.names || []).includes(w));
      check(`${how}: nothing is left in English`, left.length === 0, left);
    }
    if (i < axe) {
      const found = await axeRun(p, seen.has(to.lang) || seen.has(to.size));
      seen.add(to.lang).add(to.size);
      check(`${how}: axe finds nothing`, found.length === 0, found);
    }
    await shot(p, `${how.replace(/\W+/g, '-').replace(/^-|-$/g, '')}`);
  }
}

/* views: [path, what is there when its data are, what it tells, names in it that are also words of ours] */
export async function lookAtAll(views) {
  const p = await open({ reduced: true, query: '?lang=en' });
  await p.evaluate(() => { window.alert = () => { window.bad = true; }; });
  await turn(p, FACES[0]);
  for (const [path, sign, tells, names] of views) {
    await move(p, path);
    await lookAt(p, path, { path, sign, names, tells: (x) => (tells.test(x) ? [] : [String(tells)]) }, FACES, FACES.length);
  }
  await p.close();
}
