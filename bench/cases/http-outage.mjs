// Values logged while the server is away, then delivered when it is back: to a stand-in that only counts, or to the real one, which
// the runner has started and a gate hides meanwhile. The same loop into a local directory is what the append may cost twice.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, connect as openSocket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect, startRun } from "tidemark";
import { request } from "undici";
import { freePort } from "../free-port.mjs";
import { address } from "./http-support.mjs";
import { count, realisticValues, report, scratchDirectory, variant } from "./support.mjs";

const WARM_UP = 10_000;
const values = realisticValues(1_000_000);

/** Resident growth from the first call on, looked at again with every other. */
function memoryWatch() {
  const before = process.memoryUsage.rss();
  let most = before;
  return () => {
    most = Math.max(most, process.memoryUsage.rss());
    return (most - before) / 2 ** 20;
  };
}

function append(run, grownMiB = () => 0) {
  const begun = performance.now();
  for (let i = 0; i < count; i++) {
    run.logMetric("loss", values[i % values.length]);
    if (i % 100_000 === 0) grownMiB();
  }
  return ((performance.now() - begun) * 1e6) / count;
}

async function openRun(uri) {
  const client = await connect(uri);
  const run = await startRun({ client, captureEnvironment: false });
  // What is loaded, compiled and connected with the first values is there once.
  for (let i = 0; i < WARM_UP; i++) run.logMetric("warm-up", i);
  await run.flush();
  return { client, run };
}

async function localDirectory() {
  const { run } = await openRun(join(scratchDirectory(), "mlruns"));
  const nsPerValue = append(run);
  await run.end();
  report({ nsPerValue });
}

/** @param server - `start` and `stop` it; `count` what arrived of the run since the last start. */
async function outage(port, server) {
  await server.start();
  const { client, run } = await openRun(`http://127.0.0.1:${port}`);
  await server.stop();
  const grownMiB = memoryWatch();
  const nsPerValue = append(run, grownMiB);
  const { pending, dropped } = run.stats;
  if (pending !== count || dropped > 0) throw new Error(JSON.stringify(run.stats));
  const awayGrowthMiB = grownMiB();
  await server.start();
  const watch = setInterval(grownMiB, 10);
  const begun = performance.now();
  await run.flush();
  const seconds = (performance.now() - begun) / 1_000;
  clearInterval(watch);
  const delivered = await server.count(client, run);
  if (delivered !== count) throw new Error(`${delivered} of ${count} values were delivered`);
  await run.end();
  await client.close();
  report({ nsPerValue, awayGrowthMiB, growthMiB: grownMiB(), valuesPerSecond: count / seconds, delivered });
}

async function standIn() {
  const port = await freePort();
  const program = fileURLToPath(new URL("counting-server.mjs", import.meta.url));
  let server;
  await outage(port, {
    start: async () => {
      server = spawn(process.execPath, [program, String(port)], { stdio: ["ignore", "pipe", "inherit"] });
      process.on("exit", () => server.kill());
      await once(server.stdout, "data");
    },
    stop: async () => {
      server.kill("SIGKILL");
      await once(server, "exit");
    },
    count: async () => {
      const { body } = await request(`http://127.0.0.1:${port}/api/2.0/mlflow/counted`);
      return (await body.json()).counted;
    },
  });
}

async function realServer() {
  const port = await freePort();
  const { hostname, port: portBeyond } = new URL(address);
  const sockets = new Set();
  const gate = createServer((socket) => {
    const beyond = openSocket(portBeyond, hostname);
    socket.pipe(beyond).pipe(socket);
    for (const end of [socket, beyond]) {
      sockets.add(end);
      end.on("error", () => {}).on("close", () => sockets.delete(end));
    }
  });
  await outage(port, {
    start: async () => {
      gate.listen(port, "127.0.0.1");
      await once(gate, "listening");
    },
    stop: async () => {
      gate.close();
      for (const socket of sockets) socket.destroy();
      await once(gate, "close");
    },
    count: async (client, run) => (await client.runs.metricHistory(run.id, "loss")).steps.length,
  });
}

await { localDirectory, standIn, realServer }[variant]();
process.exit(0);
