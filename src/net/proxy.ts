type Environment = (name: string) => string | undefined;

/**
 * The proxy that the environment names for a URL, as curl and Python's requests read it: `https_proxy`, `http_proxy`, `all_proxy`
 * and `no_proxy`, lower case before upper case.
 */
export function proxyOfEnvironment(url: URL, read: Environment): string | undefined {
  const either = (name: string) => read(name) ?? read(name.toUpperCase());
  const proxy = either(`${url.protocol.slice(0, -1)}_proxy`) ?? either("all_proxy");
  if (proxy === undefined || isExcluded(url, either("no_proxy") ?? "")) return undefined;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

function isExcluded({ hostname, port, protocol }: URL, noProxy: string): boolean {
  const portNumber = port !== "" ? port : protocol === "https:" ? "443" : "80";
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((rule) => rule !== "")
    .some((rule) => {
      const [, host = "", rulePort] = /^(.*?)(?::(\d+))?$/.exec(rule.replace(/^\*?\./, "")) ?? [];
      if (rulePort !== undefined && rulePort !== portNumber) return false;
      return host === "*" || hostname === host || hostname.endsWith(`.${host}`);
    });
}
