import { useEffect, useRef } from 'react';
import { createStore, useStore } from '../live/store.ts';

const storageKey = 'proxymedic.keys';
const enabled = createStore(localStorage.getItem(storageKey) !== 'off');

export function useKeysEnabled(): boolean {
  return useStore(enabled);
}

export function enableKeys(on: boolean): void {
  localStorage.setItem(storageKey, on ? 'on' : 'off');
  enabled.set(on);
}

/** By key, or by a sequence such as `g i`. */
export type KeyMap = Readonly<Record<string, () => void>>;

const sequenceMs = 1_500;

/** Binds single keys while this is mounted: never inside fields, never with a modifier, never over an open dialog. */
export function useKeys(keys: KeyMap): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    let prefix = '';
    let prefixAtMs = 0;
    const listen = (event: KeyboardEvent) => {
      if (!enabled.get() || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const held = event.timeStamp - prefixAtMs < sequenceMs ? prefix : '';
      const act = latest.current[held + event.key];
      prefix = event.key === 'g' && held === '' ? 'g ' : '';
      prefixAtMs = event.timeStamp;
      if (!act) return;
      event.preventDefault();
      act();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  if (document.querySelector('dialog[open]')) return true;
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null;
}
