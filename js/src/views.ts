import { scrub } from './address'
import { getConsent } from './consent'
import { closeEngagement, measureScroll, restartEngagement } from './engagement'
import { tell } from './log'
import { openPage, report } from './page'
import type { Tag } from './tag'

// A router that redirects changes the address twice in a row; only where it comes to rest is a page.
const SETTLE_MS = 150
// An app that redirects at its start does so before DOMContentLoaded; another script may hold that up for long.
const START_MS = 500

let tag: Tag
let settled: () => void
// The view before: none yet, or '' when the page came back from the browser's page cache.
let seen: string | undefined
/** The timer that runs while the address may still change, else 0. */
export let moving: ReturnType<typeof setTimeout> | 0 = 0

/** Watches for page views. `onSettled` is called each time the address has come to rest. */
export function watchViews(siteTag: Tag, onSettled: () => void): void {
  tag = siteTag
  settled = onSettled
  hook('pushState')
  hook('replaceState')
  addEventListener('popstate', moved)
  addEventListener('pageshow', (shown) => {
    if (shown.persisted) {
      // Back from the browser's page cache: a new view, and not from where the first one came.
      seen = ''
      moved()
    }
  })
  // Told to the document alone; on its way there it comes past the window.
  addEventListener('prerenderingchange', moved, true)
  addEventListener('DOMContentLoaded', moved)
  setTimeout(moved, START_MS)
}

/** The address may have changed: look when it has come to rest. */
export function moved(): void {
  measureScroll()
  moving ||= setTimeout(settle, SETTLE_MS)
}

/** Looks now. */
export function settle(): void {
  clearTimeout(moving)
  view()
  moving = 0
  settled()
}

/** Reports the page, if somebody sees it, we may tell, and it is another one. */
function view(): void {
  const url = scrub(location.href, tag.query, tag.hash)
  const why = getConsent() ? (document.prerendering || document.hidden ? 'hidden' : (!url || url == seen) && 'same') : 'no consent'
  if (why) return tell('no view:', why)
  if (seen) closeEngagement()
  openPage(url)
  report('pageview', { r: seen ?? scrub(document.referrer, tag.query), ti: document.title })
  restartEngagement()
  seen = url
}

function hook(name: 'pushState' | 'replaceState'): void {
  const original = history[name]
  history[name] = function (...change) {
    // Before a router can draw the next page over this one.
    moved()
    original.apply(this, change)
  }
}
