const TRIES = 10
const FIRST_MS = 2000
const LONGEST_MS = 60000

/**
 * How long to wait (ms) before sending again, or undefined when the answer is final.
 * Status 0 means no answer; `tries` counts the failures before this one; `chance` is 0 to 1.
 */
export function decideRetry(
  status: number,
  tries: number,
  retryAfter: string | null | undefined,
  chance: number,
): number | undefined {
  if (!/^(0|408|429|5..)$/.test(status as unknown as string) || tries >= TRIES - 1) return
  // Visitors who failed together must not come back together.
  const pause = Math.min(LONGEST_MS, FIRST_MS * 2 ** tries) * (0.5 + chance / 2)
  return Math.max(pause, +retryAfter! * 1000 || 0)
}
