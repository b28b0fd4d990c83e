import { attempt } from './attempt'
import type { Choice } from './consent'

interface TcfData {
  gdprApplies?: boolean
  purpose?: { consents?: Record<number, boolean> }
}

declare global {
  interface Window {
    dataLayer?: ArrayLike<any>[]
    __tcfapi?: (command: string, version: number, answer: (data: TcfData | null) => void) => void
  }
}

/** Follows what consent tools say by Google's Consent Mode (analytics_storage) or the TCF (purposes 1 and 8). */
export function watchConsentTools(hear: (choice: Choice) => void): void {
  const layer = (window.dataLayer = window.dataLayer || [])
  const push = layer.push
  const read = (entry: ArrayLike<any>) => {
    // Not the default: what holds before the visitor has chosen stands in our own tag.
    const choice = entry?.[1] == 'update' && entry[2]?.analytics_storage
    if (choice) hear(choice == 'granted' ? 'y' : 'n')
  }
  layer.forEach(read)
  layer.push = (...entries) => {
    entries.forEach(read)
    return push.apply(layer, entries)
  }
  const ask = () =>
    attempt(() =>
      window.__tcfapi?.('addEventListener', 2, (data) => {
        const given = data?.gdprApplies && data.purpose?.consents
        if (given) hear(given[1] && given[8] ? 'y' : 'n')
      }),
    )
  ask()
  // It may have come after us.
  addEventListener('load', ask)
}
