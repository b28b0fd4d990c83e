import { scrub } from './address'
import { report } from './page'

const FILE =
  /\.(pdf|docx?|xlsx?|pptx?|od[tsp]|rtf|csv|txt|key|pages|numbers|zip|rar|7z|t?gz|dmg|pkg|exe|msi|apk|mp[34]|mov|avi|wav)$/i

/** What following a link from a page on `host` means. */
export function decideLink(url: URL, host: string): 'download' | 'outbound' | undefined {
  if (!/^https?:/.test(url.protocol)) return
  return FILE.test(url.pathname) ? 'download' : url.host != host ? 'outbound' : undefined
}

/** The address of the link that was clicked, also through a shadow root or an SVG. */
function findLink(click: Event): URL | undefined {
  for (const node of click.composedPath() as HTMLAnchorElement[]) {
    const href: string | SVGAnimatedString | undefined = /^a(rea)?$/i.test(node.tagName) ? node.href : undefined
    if (href)
      try {
        return new URL((href as unknown as SVGAnimatedString).baseVal ?? href, document.baseURI)
      } catch {
        return
      }
  }
  return
}

function follow(click: MouseEvent): void {
  const url = click.button < 2 && findLink(click)
  const kind = url && decideLink(url, location.host)
  if (kind) report(kind, { p: { url: scrub(url.origin + url.pathname) } })
}

/** Reports left and middle clicks on links; never holds the browser up. */
export function watchLinks(): void {
  addEventListener('click', follow, true)
  addEventListener('auxclick', follow, true)
}
