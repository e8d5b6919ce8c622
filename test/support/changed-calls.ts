/** A store of which some calls do something else. */
export const withCalls = <T extends object>(store: T, calls: Partial<T>): T =>
  new Proxy(store, {
    get(target, name) {
      const call: unknown = Reflect.get(calls, name) ?? Reflect.get(target, name);
      // Stores keep their state in private fields, which a proxy has not got.
      return typeof call === "function" ? call.bind(target) : call;
    },
  });
