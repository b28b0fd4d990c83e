import { type Call, type Doorbell, hasWaiting, release, take } from './calls'
import { startConsent } from './consent'
import { closeEngagement, resume, watchEngagement } from './engagement'
import { watchLinks } from './links'
import { flush, startOutbox } from './outbox'
import { readTag } from './tag'
import { settle, watchViews } from './views'

function start(script: HTMLScriptElement, early: Call[]): void {
  const tag = readTag(script)
  const doorbell: Doorbell = (...call) => take(call)
  doorbell.v = 1
  window.doorbell = doorbell
  startConsent(tag.mode)
  startOutbox(tag)
  early.forEach(take)
  watchViews(tag, release)
  watchEngagement()
  watchLinks()
  addEventListener('blur', closeEngagement)
  addEventListener('pagehide', leave)
  document.addEventListener('visibilitychange', look)
}

/** The page may never run again after this turn. */
function pause(): void {
  closeEngagement()
  flush()
}

function leave(): void {
  // A page left before it came to rest is not worth a view, unless somebody called us on it.
  if (hasWaiting()) settle()
  pause()
}

function look(): void {
  if (document.visibilityState == 'hidden') pause()
  else {
    resume()
    settle()
  }
}

const script = (document.currentScript || document.querySelector('script[data-site]')) as HTMLScriptElement | null
const earlier = window.doorbell

// A second tag on the page, or a second copy by a tag manager, must not count twice.
if (!earlier?.v) {
  if (script?.src && script.dataset.site) start(script, earlier?.q || [])
  else console.error('doorbell: the script tag needs src and data-site="KEY"')
}
