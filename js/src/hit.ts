import type { Fields } from './fields'

/** Values a hit may carry about what was done. */
export type Props = Record<string, unknown>

/** One reported thing, with the short keys of the tracking protocol. */
export interface Hit {
  /** name */
  n: string
  /** unique on the site, so that the collector can tell a resent hit */
  id: string
  /** when it happened, ms by the browser's clock */
  t: number
  /** place in the order of hits of one page view, from 0 */
  k: number
  /** the page view it belongs to */
  pv: string
  /** address of the page, scrubbed */
  u: string
  /** referrer, scrubbed */
  r?: string
  /** title */
  ti?: string
  /** properties */
  p?: Props | undefined
  /** fields of a form that say who sent it */
  f?: Fields | undefined
  /** engaged time of the page view so far, ms */
  e?: number
  /** deepest scroll of the page view so far, percent */
  sd?: number
}

/** The part of a hit that only some kinds of hits have. */
export type Detail = Pick<Hit, 'r' | 'ti' | 'p' | 'f' | 'e' | 'sd'>
