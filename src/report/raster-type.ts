/** A file begins like this, at the place given. */
const SIGNATURES: readonly { type: string; parts: readonly { at: number; text: string }[] }[] = [
  { type: "image/png", parts: [{ at: 0, text: "\x89PNG\r\n\x1a\n" }] },
  { type: "image/jpeg", parts: [{ at: 0, text: "\xff\xd8\xff" }] },
  { type: "image/gif", parts: [{ at: 0, text: "GIF8" }] },
  {
    type: "image/webp",
    parts: [
      { at: 0, text: "RIFF" },
      { at: 8, text: "WEBP" },
    ],
  },
];

/**
 * What kind of picture some bytes are, whatever their file is called; `undefined` for all that is not made of pixels. SVG is not: it is a
 * document, with scripts in it.
 */
export function rasterType(bytes: Uint8Array): string | undefined {
  const holds = ({ at, text }: { at: number; text: string }) =>
    Array.from(text).every((character, index) => bytes[at + index] === character.charCodeAt(0));
  return SIGNATURES.find(({ parts }) => parts.every(holds))?.type;
}
