import { start } from './start'
import { readTag } from './tag'

const script = (document.currentScript || document.querySelector('script[data-site]')) as HTMLScriptElement | null

// A second tag on the page, or a second copy by a tag manager, must not count twice.
if (!window.doorbell?.v) {
  const tag = script && readTag(script)
  if (tag?.site) start(tag, window.doorbell?.q || [])
  else console.error('doorbell: data-site?')
}
