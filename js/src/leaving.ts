import { countWaiting } from './calls'
import { closeEngagement, resume } from './engagement'
import { flush } from './outbox'
import { settle } from './views'

/** The page may never run again after this turn. */
function pause(): void {
  closeEngagement()
  flush()
}

export function leave(): void {
  // A page left before it came to rest is not worth a view, unless somebody called us on it.
  if (countWaiting()) settle()
  pause()
}

export function look(): void {
  if (document.hidden) pause()
  else {
    resume()
    settle()
  }
}
