/* Builds the page: one script, one style sheet, the shapes of the map, all under names that hold a
 * hash of their content, packed beforehand. Nothing is fetched, nothing is inlined. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import { shapes } from './build/shapes.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = join(here, 'dist');
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

/* The map's shapes may be replaced by the deployment: any TopoJSON with an object "countries". */
const map = JSON.stringify(shapes(process.env.PRACTICE_SHAPES));
const hash = createHash('sha256').update(map).digest('hex').slice(0, 8).toUpperCase();
const mapName = `map-${hash}.json`;
writeFileSync(join(dist, mapName), map);

const out = await esbuild.build({
  absWorkingDir: here,
  entryPoints: { app: 'src/app.js', style: 'src/style.css' },
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  outdir: dist,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: ['chrome100', 'firefox100', 'safari15.4'],
  minify: true,
  legalComments: 'none',
  metafile: true,
  define: { MAP_FILE: JSON.stringify('/' + mapName) },
});
const made = Object.keys(out.metafile.outputs).map((f) => basename(f));
const find = (re) => made.find((f) => re.test(f));
/* What the first script needs besides itself: fetched beside it, not after it. */
function needs(file, found = new Set()) {
  for (const x of out.metafile.outputs[file].imports)
    if (x.kind === 'import-statement' && !found.has(x.path)) needs(x.path, found.add(x.path));
  return [...found];
}
const preloads = needs(Object.keys(out.metafile.outputs).find((f) => /\/app-[^/]*\.js$/.test(f))).map((f) => `<link rel="modulepreload" href="/${basename(f)}">`);
const html = readFileSync(join(here, 'src/index.html'), 'utf8')
  .replace('<!-- PRELOADS -->', preloads.join('\n'))
  .replace('APP_JS', '/' + find(/^app-.*\.js$/))
  .replace('STYLE_CSS', '/' + find(/^style-.*\.css$/));
writeFileSync(join(dist, 'index.html'), html);
writeFileSync(join(dist, 'licenses.txt'), licenses());
writeFileSync(join(dist, 'icon.svg'), readFileSync(join(here, 'src/icon.svg')));

/* What others wrote and the page carries, with their terms. */
function licenses() {
  const lock = JSON.parse(readFileSync(join(here, 'package-lock.json'), 'utf8')).packages;
  const used = new Set(Object.keys(out.metafile.inputs).map((f) => /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(f)?.[1]).filter(Boolean));
  used.add('world-atlas');
  return [...used].sort().map((name) => {
    const dir = join(here, 'node_modules', name);
    const file = readdirSync(dir).find((f) => /^licen[cs]e/i.test(f));
    return `${name} ${lock['node_modules/' + name].version} (${JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')).license})\n\n${file ? readFileSync(join(dir, file), 'utf8').trim() : ''}\n`;
  }).join('\n----\n\n') + '\n----\n\nThe shapes of the map are made from Natural Earth (public domain).\n';
}

let first = 0;
for (const name of readdirSync(dist).sort()) {
  const file = join(dist, name);
  if (!['.js', '.css', '.html', '.json', '.svg', '.txt'].includes(extname(name))) continue;
  const plain = readFileSync(file);
  const gz = gzipSync(plain, { level: 9 });
  const br = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } });
  writeFileSync(file + '.gz', gz);
  writeFileSync(file + '.br', br);
  if (extname(name) !== '.txt') first += gz.length;
  console.log(`${name.padEnd(28)} ${String(statSync(file).size).padStart(8)} B  gzip ${String(gz.length).padStart(7)}  brotli ${String(br.length).padStart(7)}`);
}
console.log(`all of the page, gzip: ${(first / 1024).toFixed(1)} KiB`);
