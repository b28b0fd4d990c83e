import { attempt } from './attempt'

// Only parameters known to be harmless leave the page. A list of forbidden names would miss the next secret's name.
const isHarmless = (name: string): boolean =>
  /^((utm|hsa)_\w+|([dg]|fb|tt|tw)clid|[gw]braid|msclkid|li_fat_id|mc_cid|ref|source|plan|product|lang)$/.test(name)

/** The address without sign-in data, unlisted parameters and fragment; '' when it is not http(s). */
export function scrub(address: string, query: string[] = [], hash = false): string {
  const url = parse(address)
  if (!url) return ''
  const kept = url.search
    .slice(1)
    .split('&')
    .filter((pair) => {
      const name = pair.split('=')[0]!
      return name && (isHarmless(name) || query.includes(name))
    })
    .join('&')
  return url.origin + url.pathname + (kept && '?' + kept) + (hash ? route(url.hash) : '')
}

/** The parts of an http(s) address; undefined for other kinds and for nonsense. */
export function parse(address: string): URL | undefined {
  return /^https?:/.test(address) ? attempt(() => new URL(address)) : undefined
}

/** The route in a fragment. "#access_token=..." is no route, and a route's own query stays here. */
function route(fragment: string): string {
  return /^#!?\/[^?]*/.exec(fragment)?.[0] || ''
}
