import { Argument, type Command, Option } from "commander";
import { parseCount, parseTag, type Run, usage, withSearch } from "./command-parts.ts";

/** The commands of `tidemark models`. */
export function addModels(program: Command, run: Run): void {
  const models = program.command("models").description("registered models and their versions");
  withSearch(models.command("list").description("list registered models by name")).action(async (_, command) =>
    run(command, (await import("./models.ts")).listModels),
  );
  models
    .command("show")
    .description("one registered model and all its versions")
    .argument("<name>")
    .action(async (name, _, command) => run(command, (await import("./models.ts")).showModel, { name }));
  addModelChanges(models, run);
  addModelFiles(models, run);
}

/** What changes models. */
function addModelChanges(models: Command, run: Run): void {
  models
    .command("register")
    .description("make a model the next version of a registered model; a local directory is uploaded")
    .argument("<model>", "a directory, runs:/<run>/<path>, models:/<name>/<version>, models:/<model id> or another URI")
    .argument("<name>", "of the registered model, which is created where it is missing")
    .option("--alias <alias>", "to point to the new version")
    .option("--description <text>", "Markdown, of the version")
    .addOption(new Option("--tag <key=value>", "of the version; may be repeated").argParser(parseTag))
    .action(async (model, name, _, command) =>
      run(command, (await import("./models-change.ts")).registerModel, { model, name }),
    );
  models
    .command("alias")
    .description("point an alias to a version, or delete it")
    .argument("<name>")
    .argument("<alias>")
    .addArgument(new Argument("[version]", "its number").argParser(usage(parseCount)))
    .option("--delete", "delete the alias")
    .action(async (name, alias, version, options, command) => {
      const isWrong = (version === undefined) !== (options.delete === true);
      if (isWrong) command.error("error: give either a version or --delete");
      await run(command, (await import("./models-change.ts")).changeAlias, { name, alias, version });
    });
  models
    .command("download")
    .description("copy a model to a local directory")
    .argument("<model>", "a URI, as for register")
    .argument("<directory>", "made new; one that holds something is left alone")
    .option("--overwrite", "replace what the directory holds")
    .action(async (model, directory, _, command) =>
      run(command, (await import("./models-change.ts")).downloadTo, { model, directory }),
    );
}

/** What is done with the files of models. */
function addModelFiles(models: Command, run: Run): void {
  models
    .command("predict")
    .description("ask a model: JSON in one of the forms that MLflow's servers take, or CSV; answers JSON")
    .argument("<model>", "a directory, or a URI as for register")
    .option("-i, --input <file>", "what to predict from; - for stdin", "-")
    .addOption(
      new Option("-t, --type <type>", "of the input")
        .choices(["json", "csv"])
        .default("json", "json; csv for files that end so"),
    )
    .option("--flavor <name>", "the form of the model to load")
    .option("--allow-code", "run code that is a part of the model")
    .action(async (model, _, command) =>
      run(command, (await import("./models-predict.ts")).predictWith, {
        model,
        isTyped: command.getOptionValueSource("type") !== "default",
      }),
    );
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
