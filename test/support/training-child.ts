import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { repository } from "./repository.ts";

/** A program of test/exit that is running, or of another folder whose name goes before its own; and what it says. */
export class TrainingChild {
  readonly process: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stdout = "";
  stderr = "";
  readonly #watchers = new Set<() => void>();

  constructor(program: string, argument: unknown, mlruns: string, env: Readonly<Record<string, string>> = {}) {
    const [name = "", folder = "exit"] = program.split("/").reverse();
    this.process = spawn(
      process.execPath,
      [join(repository, "test", folder, "programs", name), JSON.stringify(argument)],
      {
        env: { ...process.env, NODE_OPTIONS: "", MLFLOW_TRACKING_URI: mlruns, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      for (const watcher of this.#watchers) watcher();
    });
    this.process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve) => {
      this.process.on("close", (code, signal) => {
        resolve({ code, signal });
        for (const watcher of this.#watchers) watcher();
      });
    });
  }

  /** The first line it prints. */
  get runId(): string {
    const [id] = this.stdout.split("\n");
    if (id === undefined || id === "") throw new Error(`no run id; stderr: ${this.stderr}`);
    return id;
  }

  /** Settles when the output holds a text; rejects when the program ends without. */
  says(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const watcher = () => {
        if (this.stdout.includes(text)) resolve();
        else if (this.process.exitCode !== null || this.process.signalCode !== null) {
          reject(new Error(`ended without saying ${text}: ${this.stderr}`));
        } else return;
        this.#watchers.delete(watcher);
      };
      this.#watchers.add(watcher);
      watcher();
    });
  }
}
