import { s3Artifacts } from "./dist/s3/index.js";
import { connect } from "./dist/index.js";
import { writeFileSync, readFileSync, mkdirSync, existsSync } from "node:fs";
import { randomBytes, createHash } from "node:crypto";
const opts = { endpoint: "http://127.0.0.1:9178", credentials: { accessKeyId: "testkey", secretAccessKey: "testsecret123" } };
const dir = "/tmp/h/s3-run/"; 
const s = s3Artifacts("s3://bench/rt", opts);
const size = Number(process.env.SIZE ?? 40) << 20;
if (!existsSync(dir+"f"+size)) writeFileSync(dir+"f"+size, randomBytes(size));
const sha = (f) => createHash("sha256").update(readFileSync(f)).digest("hex");
let t = performance.now();
await s.upload(dir+"f"+size, "big.bin"); const up = performance.now()-t; t = performance.now();
await s.download("big.bin", dir+"down"); const down = performance.now()-t;
if (sha(dir+"down") !== sha(dir+"f"+size)) throw new Error("differs");
await s.write("ü/a.txt", new TextEncoder().encode("x"));
console.log(process.versions.bun ? "bun" : process.versions.deno ? "deno" : "node "+process.version, JSON.stringify(await s.list()), new TextDecoder().decode(await s.read("ü/a.txt")), `up ${(size/2**20/up*1000).toFixed(0)} MB/s down ${(size/2**20/down*1000).toFixed(0)} MB/s rss ${(process.resourceUsage().maxRSS/1024).toFixed(0)} MB`);
await s.delete("ü"); 
try { await s.read("none") } catch (e) { console.log(e.code) }
