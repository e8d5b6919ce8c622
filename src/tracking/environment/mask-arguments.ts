import { redact } from "../../base/diagnostics.ts";

const MASK = "***";

// Whole words at the end, so that "token" and "apikey" are secrets, and "tokens", "tokenizer" and "keypoints" are not.
const SECRET_WORD =
  /(?:^(?:pass|auth|authorization|sig|signature)|pwd|passw(?:or)?d|passphrase|secrets?|credentials?|token|key)$/i;

/** Arguments of a program without what looks like a secret: values of options with a telling name, and credentials in URLs. */
export function maskArguments(args: readonly string[]): string[] {
  const masked: string[] = [];
  let isValueSecret = false;
  for (const arg of args) {
    // The next option is not the value of a bare `--use-token`.
    if (isValueSecret && !arg.startsWith("--")) masked.push(MASK);
    else masked.push(maskArgument(arg));
    isValueSecret = /^--?[^=\s]+$/.test(arg) && isSecretName(arg);
  }
  return masked;
}

/** One argument alone, or any other text that may hold `name=value`. */
export function maskArgument(text: string): string {
  const option = /^([\w.+-]+)=/.exec(text);
  if (option !== null && isSecretName(option[1] as string)) return `${option[1]}=${MASK}`;
  // Without the look-behind and the check for a URL, a long argument (an image as base64) would take quadratic time.
  return (text.includes("://") ? redact(text) : text)
    .replace(/(?<![\w.-])([\w.-]+)=([^&\s;,"']+)/g, (whole, name: string) =>
      isSecretName(name) ? `${name}=${MASK}` : whole,
    )
    .replace(/"([^"\\]+)"\s*:\s*"(?:[^"\\]|\\.)*"/g, (whole, name: string) =>
      isSecretName(name) ? `"${name}":"${MASK}"` : whole,
    )
    .replace(/\b(bearer|basic)\s+\S+/gi, `$1 ${MASK}`);
}

/** Any word counts, also in the middle: `--token-file` may as well be given the token. */
function isSecretName(name: string): boolean {
  return name
    .replace(/([a-z\d])([A-Z])/g, "$1-$2")
    .split(/[^A-Za-z\d]+/)
    .some((word) => SECRET_WORD.test(word));
}
