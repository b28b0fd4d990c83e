import { parse, scrub } from './address'
import { getConsent } from './consent'
import { report } from './page'
import { carryVisitor } from './visitor'

const isFile = (path: string): boolean =>
  /\.((doc|xls|ppt)x?|pdf|csv|txt|zip|rar|7z|gz|dmg|pkg|exe|msi|apk|mp[34])$/i.test(path)

type Link = HTMLAnchorElement

/** What following a link to `href` from a page on `host` means; the site's other `hosts` are no way out. */
export function decideLink(href: string, host: string, hosts: string[]): string | undefined {
  const url = parse(href)
  if (!url) return /^(mailto|tel):/.exec(href)?.[1]
  return isFile(url.pathname) ? 'download' : [host, ...hosts].includes(url.host) ? undefined : 'outbound'
}

/** Reports left and middle clicks on links, also in a shadow root or an SVG; never holds the browser up. */
export function watchLinks(hosts: string[]): void {
  const follow = (click: MouseEvent): void => {
    const link = (click.composedPath() as Link[]).find((node) => /^a(rea)?$/i.test(node.tagName) && node.href)
    if (!link || click.button > 1) return
    const href = (link.href as unknown as SVGAnimatedString).baseVal ?? link.href
    const kind = decideLink(href, location.host, hosts)
    if (kind) report(kind, { p: { url: (scrub(href) || href).split('?')[0] } })
    if (link.host != location.host && hosts.includes(link.host) && getConsent() == 'y') lead(link)
  }
  addEventListener('click', follow, true)
  addEventListener('auxclick', follow, true)
}

/** The browser follows the link in this turn; after it the page gets its own address back. */
function lead(link: Link): void {
  const own = link.getAttribute('href')!
  link.search += '&' + carryVisitor(Date.now())
  setTimeout(() => link.setAttribute('href', own))
}
