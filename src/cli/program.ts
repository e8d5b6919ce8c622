import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { parseColumns } from "./column-names.ts";
import { reportError } from "./error-report.ts";
import { Output } from "./output.ts";
import { ownVersion } from "./own-version.ts";
import { parseRunName } from "./run-name.ts";
import type { Session } from "./session.ts";

const OK = 0;
const FAILED = 1;
const WRONG_USAGE = 2;

const SHORTEST_INTERVAL_S = 0.1;
const LONGEST_INTERVAL_S = 86_400;

/** What a command answers: its exit code, 0 where it says nothing. */
type Work<Options> = (session: Session, options: Options) => Promise<number | undefined>;

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

/** Runs one command with its options, and with its arguments by name. */
type Run = <Options>(command: Command, work: Work<Options>, given?: Readonly<Partial<Options>>) => Promise<void>;

function buildProgram(run: Run): Command {
  const program = new Command("tidemark")
    .description("Look at runs that were recorded in MLflow's formats.")
    .version(ownVersion())
    .option("--uri <uri>", "where the runs are (default: MLFLOW_TRACKING_URI, else ./mlruns)")
    .option("--json", "answer with one JSON document")
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(add --help for what is allowed)")
    .exitOverride();
  addExperiments(program, run);
  addRuns(program, run);
  addModels(program, run);
  addSpool(program, run);
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
}

function addModels(program: Command, run: Run): void {
  const models = program.command("models").description("registered models and their versions");
  withSearch(models.command("list").description("list registered models by name")).action(async (_, command) =>
    run(command, (await import("./models.ts")).listModels),
  );
  models
    .command("show")
    .description("one registered model and all its versions")
    .argument("<name>")
    .action(async (name, _, command) => run(command, (await import("./models.ts")).showModel, { name }));
  models
    .command("pack")
    .description("pack a model's directory into a zip archive: the same model gives the same bytes")
    .argument("<directory>")
    .argument("<archive>", "an older one is replaced")
    .action(async (directory, archive, _, command) =>
      run(command, (await import("./models-archive.ts")).packArchive, { directory, archive }),
    );
  models
    .command("unpack")
    .description("unpack an archive of a model, after everything in it was checked")
    .argument("<archive>")
    .argument("<directory>", "must not be there, or be empty")
    .option("--overwrite", "replace a model that is there")
    .action(async (archive, directory, _, command) =>
      run(command, (await import("./models-archive.ts")).unpackArchive, { archive, directory }),
    );
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

/** Options that every list has. */
function withSearch(command: Command): Command {
  return command
    .option("-f, --filter <expression>", "MLflow's grammar: \"metrics.loss < 0.1 AND params.optimizer = 'adam'\"")
    .option("-o, --order-by <key>", 'like "metrics.loss DESC"; may be repeated', append)
    .addOption(new Option("-n, --limit <count>", "most entries to list").argParser(usage(parseCount)).default(50));
}

/** Options of lists of what can be in the trash. */
function withStages(command: Command): Command {
  return command
    .addOption(new Option("--all", "deleted ones too").conflicts("deleted"))
    .option("--deleted", "only deleted ones");
}

const RUN_HELP = 'id, the first 4 or more characters of it, or "latest"';
const runArgument = () => new Argument("<run>", RUN_HELP).argParser(usage(parseRunName));

const append = (value: string, earlier: string[] = []): string[] => [...earlier, value];

const collect = (value: string, earlier: string[] = []): string[] => [...earlier, usage(parseRunName)(value)];

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= SHORTEST_INTERVAL_S && seconds <= LONGEST_INTERVAL_S)) {
    throw new RangeError(`It is no number of seconds from ${SHORTEST_INTERVAL_S} to ${LONGEST_INTERVAL_S}.`);
  }
  return seconds;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < 1) {
    throw new RangeError("It is no whole number above 0.");
  }
  return count;
}

/** A reader of an argument whose complaint is a wrong usage. */
function usage<T>(read: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return read(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}
