/** 64 random bits as 14 characters of 0-9 and a-z. `crypto.randomUUID` is missing on plain http. */
export function randomId(): string {
  return crypto.getRandomValues(new Uint32Array(2)).reduce((id, part) => id + (part + 2 ** 32).toString(36), '')
}
