import { report } from './page'

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
  measureScroll()
  resume()
}

/** Notes how far down the visitor has seen. The height is noted with it, for the next page has another one. */
export function measureScroll(): void {
  height = document.documentElement.scrollHeight || 1
  bottom = Math.max(bottom, scrollY + innerHeight)
}

/** Stops the clock and reports what was added, unless it is too little to tell. */
export function closeEngagement(): void {
  if (since) engaged += performance.now() - since
  since = 0
  const depth = Math.min(100, Math.round((100 * bottom) / height))
  if (depth <= sentDepth && engaged - sentEngaged < WORTH_MS) return
  report('engagement', { e: Math.round(engaged), sd: depth })
  sentEngaged = engaged
  sentDepth = depth
}

/** Lets the clock go while the page is visible and has the focus. */
export function resume(): void {
  if (!since && !document.hidden && document.hasFocus()) since = performance.now()
}

export function watchEngagement(): void {
  addEventListener('scroll', measureScroll, { passive: true })
  addEventListener('focus', resume)
}
