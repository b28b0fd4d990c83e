import { attempt } from './attempt'
import { type Call, type Doorbell, release, take } from './calls'
import { startConsent } from './consent'
import { closeEngagement, watchEngagement } from './engagement'
import { watchForms } from './forms'
import { leave, look } from './leaving'
import { watchLinks } from './links'
import { startOutbox } from './outbox'
import type { Tag } from './tag'
import { watchConsentTools } from './tools'
import { watchViews } from './views'
import { meetVisitor } from './visitor'

/** Begins to watch the page; `early` are the calls made before. */
export function start(tag: Tag, early: Call[]): void {
  const doorbell: Doorbell = (...call) => take(call)
  doorbell.v = 1
  window.doorbell = doorbell
  meetVisitor(tag.hosts)
  startConsent(tag.mode)
  startOutbox(tag)
  attempt(() => watchConsentTools((choice) => take(['consent', choice])))
  early.forEach(take)
  watchViews(tag, release)
  watchEngagement()
  watchLinks(tag.hosts)
  watchForms(tag.forms)
  addEventListener('blur', closeEngagement)
  addEventListener('pagehide', leave)
  addEventListener('visibilitychange', look)
}
