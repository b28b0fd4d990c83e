/** What the site allows before the visitor has chosen. */
export type Mode = 'required' | 'cookieless' | 'granted'

/** What the script tag on the page says, or `doorbellTag` where the tag can have no attributes. */
export interface Tag {
  site: string
  /** where hits are sent */
  endpoint: string
  mode: Mode
  /** names of query parameters that may leave the page, beside the built-in ones */
  query: string[]
  /** true when the part after # chooses the page */
  hash: boolean
  /** the site's other hosts, to which a visitor's id is carried */
  hosts: string[]
  /** true when forms may tell who sent them */
  forms: boolean
}

/** Reads a consent mode. A word we do not know asks for consent: a typing error must not open anything. */
export function readMode(text: string | undefined): Mode {
  return text == 'granted' || text == 'cookieless' ? text : text ? 'required' : 'cookieless'
}

export function readTag(script: HTMLScriptElement): Tag {
  const data: DOMStringMap = window.doorbellTag || script.dataset
  return {
    site: data['site']!,
    // ".../s/v.js" becomes ".../s/e", also behind a proxy's path. Making a URL, or a pattern, takes ten times as long.
    endpoint: script.src.slice(0, script.src.lastIndexOf('/') + 1) + 'e',
    mode: readMode(data.consent),
    query: split(data['query']),
    hash: 'hash' in data,
    hosts: split(data.domains),
    forms: 'forms' in data,
  }
}

function split(list: string | undefined): string[] {
  return list?.match(/[^\s,]+/g) || []
}
