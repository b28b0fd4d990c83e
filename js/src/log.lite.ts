export function tell(): void {
  // The lite build keeps no record.
}
