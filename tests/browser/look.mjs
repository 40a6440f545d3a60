/* Views looked at one after the other: their data are there, nothing sticks out, nothing became markup, nothing
 * is left in English, axe is content. views: [path, what is there when its data are, what it tells] */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { axeRun, check, open, require, root, shot, text, until } from './lib.mjs';

const nameOf = (path) => path.replace(/\W+/g, '-').replace(/^-|-$/g, '') || 'now';

/* To another view, as by a link, without loading the page anew. */
export const move = (p, path) => p.evaluate((u) => { const a = document.createElement('a'); a.href = u; document.body.append(a); a.click(); a.remove(); }, path);

const catalogues = [join(root, 'web/src/i18n'), ...readdirSync(join(root, 'web/src/views')).map((v) => join(root, 'web/src/views', v))]
  .map((d) => { try { return [require(join(d, 'en.json')), require(join(d, 'ja.json'))]; } catch { return [{}, {}]; } });
const englishLeft = (body) => catalogues.flatMap(([en, ja]) => Object.entries(en).filter(([k, v]) => v !== ja[k] && !v.includes('{') && v.length > 5 && body.split('\n').some((l) => l.trim() === v)).map(([, v]) => v));

async function lookAt(views, { width, height, dark, lang, axe }) {
  const how = `${lang}, ${dark ? 'dark' : 'light'}, ${width} px`;
  const p = await open({ width, height, dark, reduced: true, query: '?lang=' + lang });
  await p.evaluate(() => { window.alert = () => { window.bad = true; }; });
  for (const [path, sign, tells] of views) {
    const what = `${path} (${how})`;
    await move(p, path);
    const there = await until(async () => new URL(p.url()).pathname === path.split('?')[0] && (await p.locator('main ' + sign).count()) > 0 && (await p.locator('main .waiting').count()) === 0, 60000);
    const main = await text(p, 'main');
    check(`${what}: has its data`, there && tells.test(main) && (await p.locator('main [role=alert]').count()) === 0, main);
    const over = await p.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(`${what}: no horizontal scroll`, over <= 0, over);
    check(`${what}: nothing became markup`, await p.evaluate(() => !window.bad && !document.querySelector('main img')));
    if (lang === 'ja') check(`${what}: nothing is left in English`, englishLeft(main).length === 0, englishLeft(main));
    if (axe) {
      const found = await axeRun(p);
      check(`${what}: axe finds nothing`, found.length === 0, found);
    }
    await shot(p, `${nameOf(path)}-${lang}-${dark ? 'dark' : 'light'}-${width}`);
  }
  await p.close();
}

/* Every two of language, theme and width meet; side by side, as most of the time is waiting. */
const desk = { width: 1280, height: 900 }, phone = { width: 390, height: 844 };
const WAYS = [{ ...desk, lang: 'en', dark: false, axe: true }, { ...phone, lang: 'en', dark: true }, { ...desk, lang: 'ja', dark: true }, { ...phone, lang: 'ja', dark: false, axe: true }];
export const lookAtAll = (views) => Promise.all(WAYS.map((way) => lookAt(views, way)));
