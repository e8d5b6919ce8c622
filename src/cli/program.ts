import { Command, CommanderError, Option } from "commander";
import { parseColumns } from "./column-names.ts";
import {
  append,
  collect,
  parseCount,
  parseDuration,
  parseSeconds,
  type Run,
  runArgument,
  silenceOption,
  usage,
  withSearch,
  withStages,
} from "./command-parts.ts";
import { reportError } from "./error-report.ts";
import { addModels } from "./model-commands.ts";
import { Output } from "./output.ts";
import { ownVersion } from "./own-version.ts";
import type { Session } from "./session.ts";

const OK = 0;
const FAILED = 1;
const WRONG_USAGE = 2;

/** Runs what a command line asks for and answers the exit code. What a command needs is loaded when it runs. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode = OK;
  const run: Run = async (command, work, given) => {
    const { uri, json, ...rest } = command.optsWithGlobals();
    const options = { ...rest, ...given };
    const session: Session = { out: new Output(process.stdout), json: json === true, uri };
    try {
      exitCode = (await work(session, options as never)) ?? OK;
    } catch (error) {
      reportError(error, options);
      exitCode = FAILED;
    }
  };
  try {
    await buildProgram(run).parseAsync([...argv]);
  } catch (error) {
    // Commander has said what is wrong.
    if (error instanceof CommanderError) return error.exitCode === OK ? OK : WRONG_USAGE;
    throw error;
  }
  return exitCode;
}

function buildProgram(run: Run): Command {
  const program = new Command("tidemark")
    .description("Look at runs and models that were recorded in MLflow's formats.")
    .version(ownVersion())
    .option("--uri <uri>", "where the runs are (default: MLFLOW_TRACKING_URI, else ./mlruns)")
    .option("--json", "answer with one JSON document")
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(add --help for what is allowed)")
    .exitOverride();
  addExperiments(program, run);
  addRuns(program, run);
  addModels(program, run);
  addReport(program, run);
  addSpool(program, run);
  addGc(program, run);
  addSync(program, run);
  program
    .command("doctor")
    .description("where runs go and why, what is there, what is damaged; exit code 1 if something is wrong")
    .option("--race", "let 32 writers at once create and change one object of the bucket: exactly one may succeed")
    .action(async (_, command) => run(command, (await import("./doctor.ts")).runDoctor));
  return program;
}

function addExperiments(program: Command, run: Run): void {
  const experiments = program.command("experiments").description("groups of runs");
  withStages(withSearch(experiments.command("list").description("list experiments, newest first"))).action(
    async (_, command) => run(command, (await import("./experiments-list.ts")).listExperiments),
  );
}

function addRuns(program: Command, run: Run): void {
  const runs = program.command("runs").description("runs with their params, metrics, tags and files");
  withStages(withSearch(runs.command("list").description("list runs, newest first")))
    .option("-e, --experiment <name-or-id>", "only of this experiment; may be repeated", append)
    .addOption(
      new Option("--columns <names>", "what to show: id,status,metrics.loss,params.lr,tags.team,…").argParser(
        usage(parseColumns),
      ),
    )
    .addOption(
      new Option("--stale", "only RUNNING ones that nobody seems to be at work on").conflicts([
        "filter",
        "orderBy",
        "all",
        "deleted",
      ]),
    )
    .addOption(silenceOption())
    .action(async (_, command) => run(command, (await import("./runs-list.ts")).listRuns));
  runs
    .command("show")
    .description("everything of one run")
    .addArgument(runArgument())
    .action(async (name, _, command) => run(command, (await import("./runs-show.ts")).showRun, { run: name }));
  runs
    .command("watch")
    .description("follow a run until it ends; exit code 1 if it does not end FINISHED")
    .addArgument(runArgument())
    .addOption(new Option("--interval <seconds>", "time between two looks").argParser(usage(parseSeconds)).default(2))
    .action(async (name, _, command) => run(command, (await import("./runs-watch.ts")).watchRun, { run: name }));
  runs
    .command("compare")
    .description("one column per run, one row for everything in which they differ")
    .addArgument(runArgument())
    .argument("<others...>", "the same", collect)
    .option("--all", "what is equal too")
    .action(async (name, others, _, command) =>
      run(command, (await import("./runs-compare.ts")).compareRuns, { runs: [name, ...others] }),
    );
  addReap(runs, run);
}

function addReap(runs: Command, run: Run): void {
  runs
    .command("reap")
    .description("end stale runs as KILLED, at their last sign of life; one that lives after all undoes it")
    .option("-e, --experiment <name-or-id>", "only of this experiment; may be repeated", append)
    .addOption(silenceOption())
    .option("--dry-run", "only show what would be ended")
    .action(async (_, command) => run(command, (await import("./runs-reap.ts")).reapRuns));
}

function addReport(program: Command, run: Run): void {
  const report = program
    .command("report")
    .description("one HTML file that shows runs, without a network")
    .argument("[runs...]", "the same as for runs show; several are compared", collect)
    .option("-e, --experiment <name-or-id>", "all runs of this experiment; may be repeated", append);
  withSearch(report)
    .option("--out <file>", "where it goes", "report.html")
    .option("--title <text>", "what it is called")
    .addOption(
      new Option("--max-points <count>", "points of all curves together (default: 1,000,000)").argParser(
        usage(parseCount),
      ),
    )
    .action(async (runs = [], options, command) => {
      if (runs.length === 0 && options.experiment === undefined) {
        command.error("error: name a run, or an experiment with --experiment");
      }
      await run(command, (await import("./report.ts")).reportRuns, { runs });
    });
}

function addGc(program: Command, run: Run): void {
  program
    .command("gc")
    .description("delete for good what was deleted long ago, and what crashes have left; a dry run without --yes")
    .argument("[place]", "where the runs are (default: --uri, else MLFLOW_TRACKING_URI, else ./mlruns)")
    .addOption(
      new Option("--older-than <duration>", "deleted longer ago than that (default: 30d)").argParser(
        usage(parseDuration),
      ),
    )
    .option("--yes", "really delete")
    .option("--spools", "also what this machine's spool holds of runs that are gone")
    .option(
      "--registry <uri>",
      "keep what versions in this registry are made of, too; may be repeated (default: MLFLOW_REGISTRY_URI)",
      append,
    )
    .action(async (place, _, command) => run(command, (await import("./gc.ts")).collectGarbage, { place }));
}

function addSpool(program: Command, run: Run): void {
  const spool = program.command("spool").description("what waits on this disk for a server");
  const dir = () =>
    new Option("--dir <directory>", "the spool (default: TIDEMARK_SPOOL_DIR, else the platform's place)");
  spool
    .command("list")
    .description("runs that are not wholly at their server, of all servers")
    .addOption(dir())
    .action(async (_, command) => run(command, (await import("./spool.ts")).listSpooled));
  spool
    .command("replay")
    .description("bring to the server what ended or killed programs have left; exit code 1 if something stays")
    .addOption(dir())
    .action(async (_, command) => run(command, (await import("./spool.ts")).replaySpooled));
}

function addSync(program: Command, run: Run): void {
  const place = "a directory or URI, as for --uri";
  program
    .command("sync")
    .description("copy what TO lacks of FROM: runs, files, models; exit code 1 if something differs or fails")
    .argument("<from>", place)
    .argument("<to>", place)
    .option("-e, --experiment <name-or-id>", "only this experiment; may be repeated", append)
    .option("-f, --filter <expression>", "only runs like this, in MLflow's grammar")
    .option("--no-artifacts", "without files")
    .option("--no-models", "without registered models")
    .option(
      "--artifact-directory <place>",
      "a directory, or a URI like s3://bucket/mlflow, outside of the stores where artifacts may be; may be repeated",
      append,
    )
    .option("--overwrite", "write the source's values over other ones")
    .addOption(new Option("--dry-run", "only say what would be done").conflicts("follow"))
    .option("--follow", "go on until Ctrl+C: a few seconds behind the source")
    .addOption(new Option("--concurrency <count>", "runs and files at once (default: 4)").argParser(usage(parseCount)))
    .action(async (from, to, _, command) => run(command, (await import("./sync.ts")).syncStores, { from, to }));
}
