/* A button that opens a few things below it. */
import { useEffect, useRef } from 'preact/hooks';
import { html } from './dom.js';

/* Opens and closes by itself; closed by Escape, by a click elsewhere and by going somewhere. */
export function Menu({ label, children, className, onOpen }) {
  const box = useRef();
  useEffect(() => {
    const close = (e) => {
      if (e.type === 'keydown' ? e.key === 'Escape' : !box.current.contains(e.target) || e.target.closest('a')) {
        if (e.type === 'keydown' && box.current.open && box.current.contains(document.activeElement)) box.current.firstElementChild.focus();
        box.current.open = false;
      }
    };
    addEventListener('click', close);
    addEventListener('keydown', close);
    return () => { removeEventListener('click', close); removeEventListener('keydown', close); };
  }, []);
  return html`<details class=${'menu ' + (className || '')} ref=${box} onToggle=${(e) => { if (e.target.open) onOpen?.(); }}><summary>${label}</summary><div class="menu-in">${children}</div></details>`;
}
