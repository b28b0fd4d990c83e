import { release, take } from './calls'
import type { Call, Doorbell } from './calls'
import { closeEngagement, watchEngagement } from './engagement'
import { leave, look } from './leaving'
import { startOutbox } from './outbox'
import type { Tag } from './tag'
import { watchViews } from './views'

/** Begins to watch the page, as start.ts does, without consent, links and forms. */
export function start(tag: Tag, early: Call[]): void {
  const doorbell: Doorbell = (...call) => take(call)
  doorbell.v = 1
  window.doorbell = doorbell
  startOutbox(tag)
  early.forEach(take)
  watchViews(tag, release)
  watchEngagement()
  addEventListener('blur', closeEngagement)
  addEventListener('pagehide', leave)
  addEventListener('visibilitychange', look)
}
