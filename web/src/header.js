/* The head of every view: what this is, search, clock, who reads, the way to the other views. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Choice, html } from './dom.js';
import { hhmm, lang, longDate, t, theme, zone, zoneLabel } from './i18n.js';
import { Menu } from './menu.js';
import { pause } from './net.js';
import { about, find, go, href, path } from './router.js';
import { SavedViews } from './saved.js';
import { may, me } from './session.js';
import * as s from './state.js';
import { endSession } from './session.js';
import { VIEWS } from './views.js';

export const siteTitle = () => (lang.value === 'ja' ? s.status.value?.title_ja : s.status.value?.title) || 'PRACTICE';
export const viewTitle = (v) => v.title[lang.value === 'ja' ? 1 : 0];

function Connection() {
  const phase = s.paused.value ? 'paused' : s.phase.value;
  return html`<span class=${'conn conn-' + phase} role="status"><span class="lamp" aria-hidden="true"></span>${t('conn_' + phase)}</span>`;
}

/* An address, a prefix, AS64500, 1433/tcp, the id of an alert or finding: what it is, the portal finds out. */
function Search() {
  const [what, setWhat] = useState('');
  const submit = (e) => {
    e.preventDefault();
    const w = what.trim();
    if (w) { go(about(w)); setWhat(''); }
  };
  return html`<form class="search" role="search" onSubmit=${submit}>
    <input type="search" name="what" value=${what} onInput=${(e) => setWhat(e.target.value)} aria-label=${t('search')} placeholder=${t('search_hint')} autocomplete="off" spellcheck=${false} maxlength="120" />
    <button type="submit" class="plain">${t('search_go')}</button></form>`;
}

function Account() {
  const m = me.value, signed = m?.accounts && m.signed_in;
  return html`<${Menu} className="account" label=${html`<span class="who">${signed ? m.name || m.user : t('settings')}</span>`}>
    ${signed && html`<p class="menu-who"><b>${m.name || m.user}</b><br />${m.org_title || m.org} · ${t('role_' + m.role)} · <span translate=${false}>${m.clearance}</span><br /><small>${m.scope?.all ? t('scope_all') : m.scope?.words}</small></p>`}
    <div class="menu-row"><span>${t('timezone')}</span><${Choice} quiet name="tz" label=${t('timezone')} value=${zone.value} options=${['utc', 'jst', 'local'].map((v) => [v, t('tz_' + v)])} onChange=${(v) => { zone.value = v; }} /></div>
    <div class="menu-row"><span>${t('theme')}</span><${Choice} quiet name="theme" label=${t('theme')} value=${theme.value} options=${['auto', 'light', 'dark'].map((v) => [v, t('theme_' + v)])} onChange=${(v) => { theme.value = v; }} /></div>
    ${signed && html`<p class="menu-row">${VIEWS.some((v) => v.name === 'account') && html`<a href=${href('/account')}>${t('account')}</a>`}
      <button type="button" class="plain" onClick=${endSession}>${t('sign_out')}</button></p>`}
  <//>`;
}

/* On a phone the navigation is wider than the screen. */
function Nav() {
  const box = useRef();
  const at = path.value;
  const here = VIEWS.find((v) => v.path === at || (v.path.endsWith('/*') && at.startsWith(v.path.slice(0, -1))));
  const marked = here?.under || here?.name;
  useEffect(() => { const a = box.current.querySelector('[aria-current]'); if (a) box.current.scrollLeft = a.offsetLeft - (box.current.clientWidth - a.offsetWidth) / 2; }, [marked]);
  return html`<nav class="nav" ref=${box} aria-label=${t('views')}><ul>${VIEWS.filter((v) => v.nav && may(v.need)).map((v) => html`<li key=${v.name}>
    <a href=${href(v.path)} aria-current=${v.name === marked ? (v === here ? 'page' : 'true') : null}>${viewTitle(v)}${v.name === 'alerts' && s.counts.value.open > 0 ? html` <span class="count" aria-hidden="true">${s.counts.value.open}</span>` : null}</a></li>`)}</ul></nav>`;
}

export function Header() {
  const open = me.value?.signed_in, box = useRef();
  useLayoutEffect(() => { /* heads of long tables stay below it */
    const seen = new ResizeObserver(() => document.documentElement.style.setProperty('--top', `${Math.floor(box.current.offsetHeight)}px`));
    seen.observe(box.current);
    return () => seen.disconnect();
  }, []);
  return html`<header class="top" ref=${box}>
    <div class="top-row">
      <a class="brand" href=${href('/')}><img src="/icon.svg" alt="" width="30" height="30" /><span>${siteTitle()}</span></a>
      ${open && html`<${Search} />
      <div class="clock" title=${t('event_time_help')}>
        <span class="clock-label">${t('event_time')}</span>
        <time>${s.eventTime.value == null ? '––:––' : hhmm(s.eventTime.value)} <small>${zoneLabel.value}</small></time>
        <span class="clock-date">${longDate(s.eventTime.value)}</span>
      </div>
      <div class="live"><${Connection} />
        <button type="button" class="plain" aria-pressed=${s.paused.value} onClick=${() => pause(!s.paused.value)}>${t(s.paused.value ? 'resume' : 'pause')}</button></div>`}
      <div class="settings">
        <${Choice} quiet name="lang" label=${t('language')} value=${lang.value} options=${[['en', 'EN', 'English'], ['ja', '日本語', '日本語']]} onChange=${(v) => { lang.value = v; }} />
        ${open && me.value.accounts && html`<${SavedViews} title=${viewTitle(find(VIEWS, path.value)?.view || VIEWS[0])} />`}
        <${Account} />
      </div>
    </div>
    ${open && html`<${Nav} />`}
  </header>`;
}
