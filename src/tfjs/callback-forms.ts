import type { Namespace, TrainingCallback } from "./tensorflow.ts";

/**
 * The callbacks of a `fit` in the one form that TensorFlow.js takes them all in: objects of its classes. Mixed with these, plain
 * objects crash it. The callback that lets the event loop turn, which it only adds where there are no others, is added here.
 *
 * @throws what TensorFlow.js throws for what is no callback
 */
export function callbackList(tf: Namespace, callbacks: unknown, yieldEvery: unknown): TrainingCallback[] {
  const { CustomCallback } = tf;
  if (CustomCallback === undefined) throw new Error("this TensorFlow.js has no CustomCallback");
  const given: readonly unknown[] = Array.isArray(callbacks) ? callbacks : callbacks == null ? [] : [callbacks];
  const list = given.map((callback) =>
    isCallback(callback) ? callback : new CustomCallback(callback as object, yieldEvery),
  );
  const yields = list.some((callback) => callback instanceof CustomCallback);
  return yields ? list : [new CustomCallback({}, yieldEvery), ...list];
}

/** Any copy's, minified or not. */
function isCallback(callback: unknown): callback is TrainingCallback {
  return (
    typeof callback === "object" &&
    callback !== null &&
    ["setParams", "setModel"].every((name) => typeof Reflect.get(callback, name) === "function")
  );
}
