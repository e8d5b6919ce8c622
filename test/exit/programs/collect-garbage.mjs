// Deletes for good what was deleted, and says which runs those were, after it has said that it begins.
import { writeSync } from "node:fs";
import { gc } from "tidemark/sync";

const { store } = JSON.parse(process.argv[2]);
let isFirst = true;
const onPurged = ({ id }) => {
  writeSync(1, isFirst ? `begins\n${id}\n` : `${id}\n`);
  isFirst = false;
};
await gc({ store, olderThanMs: 0, dryRun: false, onPurged });
