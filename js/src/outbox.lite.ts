import type { Hit } from './hit'
import type { Tag } from './tag'
import { post } from './transport'

let tag: Tag
let waiting: Hit[] = []

export function startOutbox(siteTag: Tag): void {
  tag = siteTag
}

/** Takes a hit; all that is put in one turn of the page leaves in one request. */
export function put(hit: Hit): void {
  if (!waiting.length) setTimeout(flush)
  waiting.push(hit)
}

/** Sends all that waits, now and once. */
export function flush(): void {
  while (waiting.length) send(waiting.splice(0, 10))
}

function send(b: Hit[]): void {
  const wd = !!navigator.webdriver
  post(tag.endpoint, JSON.stringify({ s: tag.site, v: 1, at: Date.now(), c: 'n', w: innerWidth, z: navigator.language, wd, b }), () => {})
}
