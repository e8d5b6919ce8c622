// Creates one version of a model at the moment it is told, together with many others, and says its number.
import { connect } from "tidemark";

const { name, startAt } = JSON.parse(process.argv[2]);
const client = await connect(process.env.MLFLOW_TRACKING_URI);
while (Date.now() < startAt);
const { version } = await client.registry.createVersion({ name, source: "s3://models/raced" });
console.log(version);
