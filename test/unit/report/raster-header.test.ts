import { describe, expect, it } from "vitest";
import { readRasterHeader } from "../../../src/report/raster-header.ts";

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const RIFF = "RIFF\x40\0\0\0WEBP";

describe("readRasterHeader", () => {
  it.each<[string, string, readonly [string, number, number]]>([
    ["PNG", `\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\0\x80${"\x00".repeat(9)}`, ["image/png", 256, 128]],
    ["JPEG", "\xff\xd8\xff\xc0\0\x11\x08\0\x40\0\x20", ["image/jpeg", 32, 64]],
    ["GIF", "GIF89a\x0a\0\x14\0\0\0\0", ["image/gif", 10, 20]],
    ["WebP of today", `${RIFF}VP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\x0f\0\0`, ["image/webp", 16_777_216, 16]],
    ["WebP without loss", `${RIFF}VP8L\0\0\0\0\x2f\x63\xc0\x31\0${"\x00".repeat(9)}`, ["image/webp", 100, 200]],
    ["WebP with loss", `${RIFF}VP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x80\x02\xe0\x01`, ["image/webp", 640, 480]],
  ])("reads %s", (_, text, [type, width, height]) => {
    expect(readRasterHeader(bytes(text))).toEqual({ type, width, height });
  });

  it.each([
    ["SVG", "<svg onload=alert(1) />".repeat(5)],
    ["HTML", "<!doctype html><script>alert(1)</script>"],
    ["a sound", `RIFF1234WAVE${"\x00".repeat(30)}`],
    ["another WebP", `${RIFF}VP9 ${"\x00".repeat(30)}`],
    ["a GIF that breaks off", "GIF89a\x0a\0"],
    ["a WebP that breaks off", `${RIFF}VP8X\x0a`],
    ["a PNG that breaks off", "\x89PN"],
    ["nothing", ""],
  ])("refuses %s", (_, text) => expect(readRasterHeader(bytes(text))).toBeUndefined());
});
