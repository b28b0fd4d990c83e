import { attempt } from './attempt'
import { choose, getConsent } from './consent'
import type { Props } from './hit'
import { debug, print } from './log'
import { discard } from './outbox'
import { hasPage, report } from './page'
import { moved, moving } from './views'

export type Call = ArrayLike<unknown>

/** The function that pages call. Before the script has loaded it only collects its calls in `q`. */
export interface Doorbell {
  (...call: unknown[]): void
  q?: Call[]
  /** the protocol's version; set once the script has taken over */
  v?: number
}

const MOST_CALLS = 50

let waiting: Call[] = []

/** Consent counts at once; other calls belong to a page view and wait for it. */
export function take(call: Call): void {
  // A call may be made with anything, also with what cannot be compared.
  attempt(() => {
    if (call[0] == 'consent') consent(call[1])
    else if (call[0] == 'debug') debug()
    else {
      waiting = [...waiting, call].slice(-MOST_CALLS)
      release()
    }
  })
}

/** Makes the calls that waited, in their order, once there is a page view to make them on. */
export function release(): void {
  if (hasPage() && getConsent() && !moving) waiting.splice(0).forEach(make)
}

/** How many calls wait. */
export function countWaiting(): number {
  return waiting.length
}

function consent(choice: unknown): void {
  if (choose(choice)) {
    if (!getConsent()) discard()
    report('consent', { p: { choice: getConsent() } })
    moved()
  }
}

function make(call: Call): void {
  const [name, first, second] = call as unknown[]
  if (name == 'track' && first && typeof first == 'string') report(first, { p: second ? copy(second) : undefined })
  else if (name == 'identify' && first) report('identify', { p: copy(first) })
  else refuse(call)
}

/** A copy, for the page may change its object before the hit leaves. */
function copy(props: unknown): Props | undefined {
  const copied = typeof props == 'object' ? attempt(() => JSON.parse(JSON.stringify(props))) : undefined
  return copied || refuse([props])
}

function refuse(call: Call): undefined {
  print(['not understood', ...(call as unknown[])])
}
