interface DenoPermission {
  readonly name: "run" | "sys";
  readonly command?: string;
  readonly kind?: "hostname";
}

interface DenoHost {
  readonly Deno?: { readonly permissions: { querySync(permission: DenoPermission): { readonly state: string } } };
}

/**
 * True when something may be done without Deno asking the person at the terminal: what is only nice to record must not
 * stop a training at a prompt. Node and Bun don't ask.
 */
export function isAllowed(permission: DenoPermission): boolean {
  const { Deno } = globalThis as DenoHost;
  if (Deno === undefined) return true;
  try {
    return Deno.permissions.querySync(permission).state === "granted";
  } catch {
    return false;
  }
}
