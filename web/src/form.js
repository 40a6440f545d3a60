/* Forms that change something: what they send, that they are busy, and what the portal says against it. */
import { useState } from 'preact/hooks';
import { html } from './dom.js';
import { t } from './i18n.js';
import { Text } from './parts.js';

/* [run, busy, said]: run(promise) waits for it and says what went wrong; true when nothing did. */
export function useDoing() {
  const [busy, setBusy] = useState(false), [said, setSaid] = useState(null);
  const run = async (doing, done) => {
    setBusy(true);
    setSaid(null);
    try {
      const v = await doing;
      done?.(v);
      return true;
    } catch (e) {
      setSaid(e.said?.text || t('trouble_failed'));
      return false;
    } finally { setBusy(false); }
  };
  return [run, busy, said];
}

/* The portal's own sentence, as it said it. */
export const Said = ({ said }) => (said ? html`<p role="alert" class="said"><span lang="en"><${Text} v=${said} /></span></p>` : null);

/* A control with its name above it and what it is for beneath. */
export function Field({ label, hint, children, grow }) {
  return html`<label class=${'field' + (grow ? ' grow' : '')}><span>${label}</span>${children}${hint && html`<small>${hint}</small>`}</label>`;
}

export function Copy({ text }) {
  const [done, setDone] = useState(false);
  const copy = () => navigator.clipboard?.writeText(text).then(() => { setDone(true); setTimeout(() => setDone(false), 2000); }, () => {});
  return html`<button type="button" class="plain small" onClick=${copy}>${done ? t('copied') : t('copy')}</button>`;
}
