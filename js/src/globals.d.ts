// What browsers have and TypeScript's own list does not know yet.
interface Document {
  readonly prerendering?: boolean
}

interface Navigator {
  readonly globalPrivacyControl?: boolean
}

interface Window {
  doorbell?: import('./calls').Doorbell
  /** the attributes of the script tag, without "data-", where it can have none */
  doorbellTag?: Record<string, string>
}
