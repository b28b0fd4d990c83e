import type { Call } from './calls'
import { start } from './start'

/** What the attributes of the script tag say on a page without modules. */
export interface Options {
  /** the site's key */
  site: string
  /** the address of the collector's folder, as in "https://bell.example.com/s/" */
  url: string
  consent?: 'required' | 'cookieless' | 'granted'
  /** names of query parameters that may leave the page, beside the built-in ones */
  query?: string[]
  /** the site's other hosts, with their ports if they have any */
  domains?: string[]
  /** true when forms may tell, with consent, who sent them */
  forms?: boolean
  /** true when the part after # chooses the page */
  hash?: boolean
}

export type Value = string | number | boolean

export interface Person {
  email: string
  /** seconds; with `sig` */
  ts?: number
  /** hex HMAC-SHA256 of "email.ts" under the site's secret, made on your server */
  sig?: string
  [name: string]: Value | undefined
}

const early: Call[] = []

function say(...call: unknown[]): void {
  if (typeof window != 'undefined' && window.doorbell) window.doorbell(...call)
  else early.push(call)
}

/** Begins to watch the page; once, and not beside a script tag. Does nothing on a server. */
export function init(options: Options): void {
  if (typeof window == 'undefined' || window.doorbell?.v) return
  const calls = [...(window.doorbell?.q || []), ...early.splice(0)]
  const { site, url, consent = 'cookieless', query = [], domains = [], forms = false, hash = false } = options
  start({ site, endpoint: new URL('e', url).href, mode: consent, query, hosts: domains, forms, hash }, calls)
}

/** Reports an action; before `init` it waits for it. */
export function track(name: string, props?: Record<string, Value>): void {
  say('track', name, ...(props ? [props] : []))
}

/** Says who is looking. */
export function identify(person: Person): void {
  say('identify', person)
}

/** The visitor's choice. */
export function consent(choice: 'y' | 'n'): void {
  say('consent', choice)
}
