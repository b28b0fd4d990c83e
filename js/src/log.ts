const lines: unknown[][] = []
let live = false

/** Notes what was done or not done and why, for whoever asks with `doorbell('debug')`. */
export function tell(...line: unknown[]): void {
  lines.push(line)
  if (live) print(line)
}

/** Prints what was told so far, and from now on as it happens. */
export function debug(): void {
  lines.forEach(print)
  live = true
}

/** Says something in the console, whether somebody asked or not. */
export function print(line: unknown[]): void {
  console.log('doorbell:', ...line)
}
