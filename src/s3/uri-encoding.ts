/** Percent-encodes all but what RFC 3986 leaves unreserved, as signatures ask for it. */
export const encodeStrictly = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

/** A key as a path: encoded once, its slashes as they are. */
export const encodeKey = (key: string): string => key.split("/").map(encodeStrictly).join("/");

/** A query in the order that signatures want, so that what is signed is what is sent. */
export function encodeQuery(query: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(query)
    .flatMap(([name, value]) => (value === undefined ? [] : [[encodeStrictly(name), encodeStrictly(String(value))]]))
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}
