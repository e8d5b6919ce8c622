// A run at a place that is named, which says what went wrong.
import { connect, startRun, TidemarkError } from "tidemark";

async function main(uri: string): Promise<void> {
  try {
    const run = await startRun({ client: await connect(uri) });
    run.logMetric("loss", 0.5);
    await run.end({ timeoutMs: 100 });
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    console.error(`CAUGHT ${error.code} ${error.message}`);
  }
}

main(process.argv[2] ?? "");
