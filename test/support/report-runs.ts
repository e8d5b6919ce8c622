import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { type Client, dataset, startRun } from "../../src/index.ts";
import { logModel } from "../../src/models/index.ts";
import { mlp } from "./peer-models.ts";

/** Steps of the batches of a run. */
export const BATCHES = 3_000;
const EPOCHS = 20;

const square = (grey: number) => ({ data: new Uint8Array(64 * 64).fill(grey), width: 64, height: 64 });

/** A run with something for every section of a report. */
export async function fullRun(client: Client, name: string, lr: number): Promise<string> {
  const run = await startRun({
    client,
    experiment: "digits",
    name,
    params: { lr, epochs: EPOCHS, optimizer: { name: "adam", beta1: 0.9 } },
    tags: { team: "vision" },
    description: `Handwritten digits, learned at a rate of ${lr}.`,
  });
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const loss = Math.exp(-epoch * lr * 20);
    run.logMetrics({ loss, val_loss: loss + 0.1, accuracy: 1 - loss / 2 }, { step: epoch });
  }
  for (let batch = 0; batch < BATCHES; batch++) {
    run.logMetric("batch/loss", Math.exp(-batch / 900) + 0.3 * Math.abs(Math.sin(batch * 12.9)), { step: batch });
  }
  const odd = [3, Number.NaN, 2, Number.POSITIVE_INFINITY, 1, Number.NEGATIVE_INFINITY, Number.NaN, 0, 5];
  for (const [step, value] of odd.entries()) run.logMetric("batch/gradient_norm", value, { step });
  for (let step = 0; step < 50; step++) run.logMetric("system/cpu_utilization_percentage", 50 + (step % 9), { step });
  run.logInput(dataset({ name: "digits", data: [{ pixel: 1, digit: 3 }] }), { context: "training" });
  for (const step of [0, 5, 10]) await run.logImage(square(20 * step + 20), { key: "val/drawings", step });
  await run.logImage(square(200), "plots/loss.png");
  await run.logTable([{ question: "What is a tide?", right: true, share: 0.75 }], "faq.json");
  const counts = [
    [50, 2, 0],
    [3, 45, 1],
    [0, 0, 52],
  ];
  await run.logJson({ labels: ["zero", "one", "two"], counts }, "confusion_matrix.json");
  await logModel(run, mlp(), { tf, ort, name: "irises", inputExample: [[5.1, 3.5, 1.4, 0.2]] });
  await run.end();
  return run.id;
}

/** What would set `window.pwned`, or leave its place, if any of it were taken for more than text. */
export const PAYLOADS: readonly string[] = [
  "<script>window.pwned=1</script>",
  "</script><script>window.pwned=1</script>",
  "<!--<script>",
  "<img src=x onerror=window.pwned=1>",
  "\"><svg onload='window.pwned=1'>",
  "javascript:window.pwned=1",
  "{{constructor.constructor('window.pwned=1')()}}",
  "<style>*{display:none}</style>",
  "\u202egnp.exe\u2066",
  "__proto__",
  "constructor",
];

/** A run whose names and values are all traps, in whatever takes them. */
export async function hostileRun(client: Client): Promise<string> {
  const run = await startRun({
    client,
    experiment: PAYLOADS[1] as string,
    name: PAYLOADS.join(" "),
    description: PAYLOADS.join("\n"),
    captureEnvironment: false,
  });
  for (const [index, payload] of PAYLOADS.entries()) {
    run.logParam(`param ${index}`, payload);
    run.setTag(`tag ${index}`, payload);
    run.setTag(`mlflow.trap${index}`, payload);
  }
  run.logParam("__proto__", "a name");
  run.logParam("constructor", "another");
  run.logMetric("__proto__", 1);
  run.logMetric("toString/valueOf", 2);
  run.logMetric(`${"w".repeat(240)}`, 3);
  for (const value of [1e308, -1e308, 5e-324, 1, 1 + 2 ** -52]) run.logMetric("extreme/all", value);
  for (let step = 0; step < 5; step++) run.logMetric("extreme/same", 1 + 2 ** -52 * step, { step: 9e15 + step });
  for (let step = 0; step < 5; step++) run.logMetric("extreme/nan", Number.NaN, { step });
  const [first = ""] = PAYLOADS;
  await run.logTable(
    PAYLOADS.map((payload) => ({ [first]: payload, nested: { payload } })),
    "trap.json",
  );
  await run.logJson(
    {
      labels: PAYLOADS.slice(0, 2),
      counts: [
        [1, 2],
        [3, 4],
      ],
    },
    "confusion_matrix.json",
  );
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>window.parent.pwned=1</script></svg>';
  await run.logText(svg, "plots/trap.svg");
  await run.logText(svg, "plots/trap.png");
  await run.logText(svg, "images/trap+step+0+timestamp+1+aaaa.png");
  await run.logText(
    `flavors:\n  ${JSON.stringify(first)}: {loader_module: ${JSON.stringify(first)}}\n`,
    "model/MLmodel",
  );
  run.logInput(dataset({ name: first, source: `https://example.org/${first}` }), { context: first });
  await run.end();
  return run.id;
}
