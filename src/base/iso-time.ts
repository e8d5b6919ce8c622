/** ISO 8601 in UTC. Files may hold times that no date has: these stay numbers. */
export function isoTime(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? String(timeMs) : date.toISOString();
}
