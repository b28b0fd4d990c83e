import { attempt } from './attempt'

const NAME = '_doorbell='
const DAYS_395 = 34128e3 // seconds

/** The value of ours in the text of cookies or of a query. */
export function pick(text: string): string {
  return /_doorbell=([^;&]*)/.exec(text)?.[1] || ''
}

/** A sandboxed frame may not even look. */
export function readCookie(): string {
  return attempt(() => pick(document.cookie)) || ''
}

/** Keeps `value` for all hosts of the site; '' removes it. Where it is forbidden, the visitor is new on each page. */
export function writeCookie(value: string): void {
  const labels = location.hostname.split('.')
  const secure = location.protocol == 'https:' ? ';secure' : ''
  attempt(() => {
    // Browsers refuse a cookie on a public suffix: the shortest domain that keeps it is the registrable one.
    // The last round, without a domain, is for addresses and single names.
    for (let from = labels.length - 2; from > -2; from--) {
      const domain = from < 0 ? '' : ';domain=' + labels.slice(from).join('.')
      document.cookie = NAME + value + ';path=/;samesite=lax;max-age=' + (value ? DAYS_395 : 0) + secure + domain
      if (value && readCookie() == value) break
    }
  })
}
