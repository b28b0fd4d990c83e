import { report } from './page'
import { moving } from './views'

const WORTH_MS = 3000

let engaged = 0
let since = 0
let bottom = 0
let height = 1
let sentEngaged = 0
let sentDepth = -1

/** Begins the count for a new page view. */
export function restartEngagement(): void {
  engaged = since = bottom = sentEngaged = 0
  sentDepth = -1
  resume()
}

/** Notes how far down the visitor has seen, and of how much. */
export function measureScroll(): void {
  // A router may have drawn the next page by now.
  if (moving) return
  height = document.documentElement?.scrollHeight || 1
  bottom = Math.max(bottom, scrollY + innerHeight)
}

/** Stops the clock and reports what was added, unless it is too little to tell. */
export function closeEngagement(): void {
  // Images may have come since, and made the page longer.
  measureScroll()
  if (since) engaged += Date.now() - since
  since = 0
  const depth = Math.min(100, Math.round((100 * bottom) / height))
  if (depth <= sentDepth && engaged - sentEngaged < WORTH_MS) return
  report('engagement', { e: engaged, sd: depth })
  sentEngaged = engaged
  sentDepth = depth
}

/** Lets the clock go while the page is visible and has the focus. */
export function resume(): void {
  if (!document.hidden && document.hasFocus()) since ||= Date.now()
}

export function watchEngagement(): void {
  addEventListener('scroll', measureScroll)
  addEventListener('focus', resume)
}
