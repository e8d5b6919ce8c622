import { readFileSync } from "node:fs";
import { MEGABYTE, type Reader } from "./reader.ts";

/** What went over all network interfaces since this call. Linux only: Node has no such counters. */
export function networkReader(): Reader {
  const first = traffic();
  return () => {
    const now = traffic();
    // An interface that goes away takes its counters along.
    return {
      network_receive_megabytes: Math.max(0, now.received - first.received) / MEGABYTE,
      network_transmit_megabytes: Math.max(0, now.transmitted - first.transmitted) / MEGABYTE,
    };
  };
}

/** Lines of /proc/net/dev are an interface, a colon, eight counters of receiving and eight of transmitting, bytes first. */
function traffic(): { received: number; transmitted: number } {
  let received = 0;
  let transmitted = 0;
  for (const line of readFileSync("/proc/net/dev", "utf8").split("\n")) {
    const counters = line.slice(line.lastIndexOf(":") + 1).match(/\d+/g);
    if (!line.includes(":") || counters === null) continue;
    received += Number(counters[0]);
    transmitted += Number(counters[8] ?? 0);
  }
  return { received, transmitted };
}
