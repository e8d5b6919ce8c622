import { redact } from "../base/diagnostics.ts";
import { messageOf, TidemarkError } from "../base/errors.ts";
import { displayWidth, safeText } from "./text.ts";

/** The options of a command that hold expressions. */
interface Expressions {
  readonly filter?: string;
  readonly orderBy?: readonly string[];
}

/** Says what went wrong on stderr. Where an expression is wrong, a caret stands below the place. */
export function reportError(error: unknown, expressions: Expressions): void {
  console.error(safeText(`tidemark: ${redact(messageOf(error))}`));
  if (!(error instanceof TidemarkError)) return;
  const { argument, position } = error.details;
  const expression = expressionOf(argument, expressions);
  if (expression === undefined || typeof position !== "number") return;
  const indent = displayWidth(safeText(expression.slice(0, position)));
  console.error(`  ${safeText(expression)}\n  ${" ".repeat(indent)}^`);
}

function expressionOf(argument: unknown, { filter, orderBy }: Expressions): string | undefined {
  if (argument === "filter") return filter;
  const [name, index] = String(argument).split(".");
  return name === "orderBy" ? orderBy?.[Number(index)] : undefined;
}
