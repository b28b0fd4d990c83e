/** 64 random bits as 14 characters of 0-9 and a-z. `crypto.randomUUID` is missing on plain http. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => (part + 2 ** 32).toString(36)).join('')
}
