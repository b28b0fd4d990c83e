/** What a form may tell about who sent it. */
export type Kind = 'email' | 'phone' | 'company' | 'name'
export type Fields = Partial<Record<Kind, string>>

/** True when the names of a field say that it is for a password, which may be shown as text for the moment. */
export function isPassword(names: string): boolean {
  return /pass|pwd|l.sen/.test(names)
}

/**
 * What a field says about who sent its form, if anything. `names`: type, purpose, name and id in lower case with
 * commas between. A field is taken only for what it clearly is: a list of what to leave would miss the next secret.
 */
export function decideKind(names: string, value: string): Kind | undefined {
  // Nor the name of a card or of a user.
  if (!/^(te(xt|l)|email),/.test(names) || /card|kort|\bcc|user/.test(names)) return
  const digits = value.replace(/\D/g, '').length
  if (/phone|,tel|mobil/.test(names))
    // Cards have more digits. A date and four digits are a Swedish personal number.
    return /^\+?[\d ()./-]{7,}$/.test(value) && digits < 13 && !/^(19|20)?\d\d[01]\d[0-36-9]\d\D?\d{4}$/.test(value)
      ? 'phone'
      : undefined
  // As many digits as in a number of a card or a person.
  if (digits > 5) return
  if (/mail|post/.test(names)) return /^\S+@\S+$/.test(value) ? 'email' : undefined
  // Also firstName, fullname, efternamn.
  return /compan|organi|f.retag/.test(names) ? 'company' : /(\b|_|t|l|r)na(me|mn)\b/.test(names) ? 'name' : undefined
}
