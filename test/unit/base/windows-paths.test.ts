import { posix, win32 } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { localPathOf, pathOfFileUri, schemeOf } from "../../../src/base/file-uri.ts";
import { isBelow, placeBelow, strangeOnWindows } from "../../../src/base/local-paths.ts";
import { relativePathProblem } from "../../../src/base/paths.ts";
import { KeyTree } from "../../../src/fs/key-tree.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";

// Windows' rules, held to on every system: functions take the flavour of paths as an argument.

describe("a tracking URI on Windows", () => {
  it.each(["C:\\x", "c:/x", "C:x", "\\\\server\\share\\x", "\\\\?\\C:\\x", ".\\mlruns", "mlruns"])(
    "%s is a path and has no scheme",
    (uri) => {
      expect(schemeOf(uri)).toBeUndefined();
      expect(localPathOf(uri)).toBe(uri);
    },
  );

  it.each([
    ["file:///C:/x/mlruns", "C:\\x\\mlruns"],
    ["file:///c:/with%20space/%C3%BC", "c:\\with space\\ü"],
    ["file://server/share/x", "\\\\server\\share\\x"],
    ["FILE:///C:/x", "C:\\x"],
    ["file:C:/x", "C:/x"],
    ["file:./mlruns", "./mlruns"],
    ["file:mlruns", "mlruns"],
  ])("%s names %s", (uri, path) => {
    expect(pathOfFileUri(uri, true)).toBe(path);
  });

  it.each(["file:///no-drive", "file:///C:/a%2Fb", "file:///C:/a%5Cb", "file:///C:/%zz"])("%s is refused", (uri) => {
    expect(() => pathOfFileUri(uri, true)).toThrowError(expect.objectContaining({ code: "INVALID_PARAMETER_VALUE" }));
  });

  it.each(["file://server/share/x", "file:///a%2Fb"])("%s is refused elsewhere", (uri) => {
    expect(() => pathOfFileUri(uri, false)).toThrowError(expect.objectContaining({ code: "INVALID_PARAMETER_VALUE" }));
  });

  it.each(["C:\\x\\50% ü #1?", "\\\\server\\share\\a b"])("%s comes back from its URI", (path) => {
    expect(pathOfFileUri(pathToFileURL(path, { windows: true }).href, true)).toBe(path);
  });
});

describe("a name from outside", () => {
  it.each([
    ["a drive", "C:/x"],
    ["a drive's own folder", "c:x"],
    ["backslashes", "..\\..\\x"],
    ["a share", "\\\\server\\share"],
    ["a way out", "a/../../x"],
    ["the root", "/x"],
  ])("is refused everywhere where it holds %s", (_, name) => {
    expect(relativePathProblem(name)).toBeDefined();
    for (const flavour of [posix, win32]) expect(() => placeBelow("root", "path", name, flavour)).toThrow(/^path: /);
  });

  it.each([
    ["a device", "plots/CON"],
    ["a device with a suffix", "nul.txt"],
    ["a device in another case", "Aux.tar.gz/x"],
    ["a device before a space", "prn .txt"],
    ["a port", "COM1"],
    ["a port with a small digit", "lpt²"],
    ["the console", "CONIN$"],
    ["a stream of another file", "model.onnx:hidden"],
    ["a dot at the end", "notes."],
    ["a space at the end", "folder /x"],
    ["a control character", "a\u0001b"],
  ])("is refused on Windows where it is %s", (_, name) => {
    expect(strangeOnWindows(name)).toBeDefined();
    expect(() => placeBelow("C:\\root", "path", name, win32)).toThrow(/Windows takes for something else$/);
    expect(placeBelow("/root", "path", name, posix)).toBe(`/root/${name}`);
  });

  it.each(["console.log", "common/x", "nullable", "COM10", "a.b", "ü", "con-fusion.png", ".env"])(
    "%s is a file everywhere",
    (name) => {
      expect(placeBelow("C:\\root", "path", name, win32)).toBe(`C:\\root\\${name.replaceAll("/", "\\")}`);
      expect(placeBelow("/root", "path", name, posix)).toBe(`/root/${name}`);
    },
  );

  it("never leaves its directory", () => {
    const name = fc
      .array(fc.constantFrom("a", "..", ".", "/", "\\", ":", "C", " ", "con", "\0"))
      .map((all) => all.join(""));
    fc.assert(
      fc.property(name, (path) => {
        for (const [root, flavour] of [
          ["C:\\root", win32],
          ["/root", posix],
        ] as const) {
          let place: string;
          try {
            place = placeBelow(root, "path", path, flavour);
          } catch {
            continue;
          }
          expect(isBelow(root, flavour.resolve(place), flavour)).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("being in a directory", () => {
  it.each([
    ["C:\\store", "C:\\store\\0\\run", true],
    ["C:\\store", "c:\\STORE\\0", true],
    ["C:\\", "C:\\store", true],
    ["\\\\server\\share", "\\\\server\\share\\x", true],
    ["C:\\store", "C:\\store", false],
    ["C:\\store", "C:\\storehouse", false],
    ["C:\\store", "C:\\store\\..\\x", false],
    ["C:\\store", "D:\\store\\x", false],
    ["C:\\store", "\\\\server\\C\\store\\x", false],
    ["C:\\store", "C:\\store\\..x", true],
  ])("of Windows: %s holds %s: %s", (directory, path, expected) => {
    expect(isBelow(directory, path, win32)).toBe(expected);
  });

  it.each([
    ["/", "/store", true],
    ["/store", "/store/..x", true],
    ["/store", "/STORE/x", false],
    ["/store", "/store", false],
    ["/store", "/storehouse", false],
  ])("of others: %s holds %s: %s", (directory, path, expected) => {
    expect(isBelow(directory, path, posix)).toBe(expected);
  });
});

describe("keys that are files", () => {
  it.each(["a:b", "CON", "loss.", "train /loss"])("%s is refused on Windows only", (key) => {
    expect(new KeyTree("metric", temporaryDirectory(), win32).admit(key)?.message).toMatch(/no file name on Windows$/);
    expect(new KeyTree("metric", temporaryDirectory(), posix).admit(key)).toBeUndefined();
  });

  it.each([
    ["loss", "Loss"],
    ["train/loss", "Train/accuracy"],
  ])("%s and %s are one file on Windows only", (first, second) => {
    const windows = new KeyTree("metric", temporaryDirectory(), win32);
    expect(windows.admit(first)).toBeUndefined();
    expect(windows.admit(second)?.message).toMatch(/are one file on Windows$/);
    expect(windows.admit(first)).toBeUndefined();
    const others = new KeyTree("metric", temporaryDirectory(), posix);
    expect([others.admit(first), others.admit(second)]).toEqual([undefined, undefined]);
  });
});
