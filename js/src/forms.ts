import { attempt } from './attempt'
import { getConsent } from './consent'
import { decideKind, type Fields, isPassword } from './fields'
import { report } from './page'

/** Reports forms that are sent. With `capture` and consent also who sent them. */
export function watchForms(capture: boolean): void {
  // On the window, so that forms count that come later.
  addEventListener(
    'submit',
    ({ target }) =>
      // A field named "elements" stands in the place of the form's own.
      attempt(() => tellForm(target as HTMLFormElement, capture)),
    true,
  )
}

function tellForm(form: HTMLFormElement, capture: boolean): void {
  // The browser checks a form before it tells of it, but scripts may tell by themselves.
  if (!form.noValidate && form.closest('form:invalid')) return
  report('form', {
    // Not form.id: that may be a field.
    p: { form: form.getAttribute('id') || '' },
    f: capture && getConsent() == 'y' ? readFields(form) : undefined,
  })
}

/** Who sent the form, by its fields; nothing of a form that asks for a password. */
function readFields(form: HTMLFormElement): Fields {
  const taken: Fields = {}
  for (const field of form.elements as Iterable<Element> as Iterable<HTMLInputElement>) {
    const names = ([field.type, field.autocomplete, field.name, field.id] + '').toLowerCase()
    if (isPassword(names)) return {}
    const value = field.value?.trim().slice(0, 99)
    const kind = decideKind(names, value)
    // What the visitor does not see, the browser may have filled in.
    if (kind && value && field.offsetWidth && !field.closest('[data-doorbell-ignore]'))
      taken[kind] = kind == 'name' && taken.name ? taken.name + ' ' + value : value
  }
  return taken
}
