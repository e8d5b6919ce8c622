// One sync, which may be killed at any moment after it has said that it begins.
import { sync } from "tidemark/sync";

const { from, to } = JSON.parse(process.argv[2]);
console.log("begins");
const { copied, isEqual, conflicts, failures } = await sync({ from, to });
console.log(JSON.stringify({ copied, isEqual, conflicts, failures }));
