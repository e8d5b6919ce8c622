// One import in a process of its own: what the process has cost since it began.
const [what] = process.argv.slice(2);

if (what === "zod") await import("zod");
if (what === "tidemark") await import("../../dist/index.js");
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ cpuMs: (user + system) / 1_000 }));
