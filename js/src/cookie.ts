const NAME = '_doorbell='
const DAYS_395 = 395 * 86400

export function readCookie(): string {
  try {
    return document.cookie.split('; ').find((pair) => pair.startsWith(NAME))?.slice(NAME.length) || ''
  } catch {
    // A sandboxed frame may not even look.
    return ''
  }
}

/** Keeps `value` for all hosts of the site; '' removes it. */
export function writeCookie(value: string): void {
  const labels = location.hostname.split('.')
  const secure = location.protocol == 'https:' ? ';secure' : ''
  try {
    // Browsers refuse a cookie on a public suffix: the shortest domain that keeps it is the registrable one.
    // The last round, without a domain, is for addresses and single names.
    for (let from = labels.length - 2; from >= -1; from--) {
      const domain = from < 0 ? '' : ';domain=' + labels.slice(from).join('.')
      document.cookie = NAME + value + ';path=/;samesite=lax;max-age=' + (value ? DAYS_395 : 0) + secure + domain
      if (value && readCookie() == value) break
    }
  } catch {
    // Forbidden: the visitor is new on each page.
  }
}
