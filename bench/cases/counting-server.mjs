// A server that takes what MLflow's takes and only counts the values: how fast a client can be where the server is no limit.
import { createServer } from "node:http";
import { report } from "./support.mjs";

const [, , port] = process.argv;
const RUN = { info: { run_id: "0".repeat(32), experiment_id: "0", status: "RUNNING", lifecycle_stage: "active" } };
const EXPERIMENT = { experiment_id: "0", name: "Default", lifecycle_stage: "active" };
const ANSWERS = {
  "runs/create": { run: RUN },
  "runs/get": { run: RUN },
  "experiments/get": { experiment: EXPERIMENT },
  "experiments/get-by-name": { experiment: EXPERIMENT },
  "runs/search": {},
  "runs/update": { run_info: RUN.info },
  "runs/log-batch": {},
};
/** Stands once in every value. */
const MARK = Buffer.from('"step":');
let counted = 0;

const server = createServer((request, response) => {
  const route = request.url.split("?")[0].replace("/api/2.0/mlflow/", "");
  const answer = route === "counted" ? { counted } : ANSWERS[route];
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    if (route === "runs/log-batch") counted += countOf(Buffer.concat(pieces));
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? {}));
  });
});

function countOf(body) {
  let count = 0;
  for (let at = body.indexOf(MARK); at !== -1; at = body.indexOf(MARK, at + MARK.length)) count++;
  return count;
}

server.listen(Number(port), "127.0.0.1", () => report({ isListening: true }));
