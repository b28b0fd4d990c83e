import { attempt } from './attempt'
import type { Call } from './calls'
import { hasPage, report } from './page'
import { moving } from './views'

let waiting: Call[] = []

/** Calls belong to a page view and wait for it. */
export function take(call: Call): void {
  waiting.push(call)
  release()
}

export function release(): void {
  // A call may be made with anything, also with what cannot be compared.
  if (hasPage() && !moving) waiting.splice(0).forEach((call) => attempt(() => make(call)))
}

export function countWaiting(): number {
  return waiting.length
}

function make(call: Call): void {
  const [name, first, p] = call as unknown[] as [unknown, unknown, object | undefined]
  if (name == 'track' && first) report(String(first), { p: p && { ...p } })
}
