// Registers a local model at the moment it is told, together with many others, and says the number of its version.
import { connect } from "tidemark";
import { register } from "tidemark/registry";

const { directory, name, startAt } = JSON.parse(process.argv[2]);
const client = await connect(process.env.MLFLOW_TRACKING_URI);
while (Date.now() < startAt);
const { version } = await register(directory, name, { client });
console.log(version);
