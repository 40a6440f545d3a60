/* One alert beside what is there: a modal dialog, so that focus and Escape work by themselves. */
import { useEffect, useRef } from 'preact/hooks';
import { html } from './dom.js';
import { t } from './i18n.js';
import { AlertContent } from './alert.js';
import { get } from './api.js';
import { href, put } from './router.js';
import { alerts, selected, status } from './state.js';

/* A link may name an alert that is older than the list. */
function fetchUnknown() {
  const id = selected.value;
  if (!id || alerts.value.has(id) || !status.value) return;
  get('/alerts/' + encodeURIComponent(id)).then(
    (v) => { alerts.value = new Map(alerts.value).set(v.id, v); },
    () => { if (selected.value === id) put({ alert: null }); });
}

export function Drawer() {
  const box = useRef(), a = selected.value && alerts.value.get(selected.value);
  useEffect(() => {
    if (a && !box.current.open) box.current.showModal();
    if (!a && box.current.open) box.current.close();
  });
  useEffect(fetchUnknown, [selected.value, status.value]);
  const close = () => put({ alert: null });
  const outside = (e) => { if (e.target === box.current) close(); };
  return html`<dialog ref=${box} class="drawer" aria-labelledby="drawer-title" onClose=${close} onClick=${outside}>
    ${a && html`<div class="drawer-in"><button type="button" class="x" aria-label=${t('close')} onClick=${close}>✕</button><${AlertContent} a=${a} key=${a.id} /><p class="row"><a href=${href('/alerts/' + encodeURIComponent(a.id))}>${t('alert_page')}</a></p></div>`}
  </dialog>`;
}
