import { attempt } from './attempt'

// Reading `localStorage` throws where the visitor or a sandbox forbids it, writing also when it is full.

export function readItem(name: string): string {
  return attempt(() => localStorage[name]) || ''
}

/** Keeps `value` on this origin; '' removes it. */
export function writeItem(name: string, value: string): void {
  attempt(() => (value ? (localStorage[name] = value) : delete localStorage[name]))
}
