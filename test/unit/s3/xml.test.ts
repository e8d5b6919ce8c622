import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readListPage } from "../../../src/s3/list-page.ts";
import { childrenOf, escapeXml, parseXml, textOf } from "../../../src/s3/xml.ts";

const damaged = expect.objectContaining({ code: "DATA_DAMAGED" });

describe("XML of S3", () => {
  it("is read, with what it may hold", () => {
    const root = parseXml(`\uFEFF<?xml version="1.0" encoding="UTF-8"?>
      <s3:List xmlns:s3="http://x/" a='b'> <K>a &amp;&lt;&gt;&quot;&apos; &#65;&#x1F600;</K><Empty /><K></K><Deep><K>x</K></Deep></s3:List>
    `);
    expect(root.name).toBe("s3:List");
    expect(childrenOf(root, "K").map(({ text }) => text)).toEqual([`a &<>"' A😀`, ""]);
    expect(textOf(root, "Empty")).toBe("");
    expect(textOf(root, "None")).toBeUndefined();
  });

  it("may be a single empty element, and may begin late", () => {
    expect(parseXml("  <DeleteResult/>\n").name).toBe("DeleteResult");
    expect(parseXml(`<?xml version="1.0"?>${" ".repeat(10_000)}<a>x</a>`).text).toBe("x");
  });

  it.each([
    ["nothing", ""],
    ["a document type", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ["a document type after the declaration", '<?xml version="1.0"?><!DOCTYPE a><a/>'],
    ["an entity of its own", "<a>&b;</a>"],
    ["a name that objects have", "<a>&constructor;</a>"],
    ["a bare ampersand", "<a>b & c</a>"],
    ["a character that is none", "<a>&#x110000;</a>"],
    ["a comment", "<a><!-- b --></a>"],
    ["a section of text", "<a><![CDATA[b]]></a>"],
    ["an instruction", "<a><?b?></a>"],
    ["no end", "<a><b>"],
    ["another end", "<a><b></a></b>"],
    ["text behind its end", "<a/>b"],
    ["two roots", "<a/><b/>"],
    ["text before its start", "x<a/>"],
    ["an attribute without quotes", "<a b=c></a>"],
    ["a page of some other machine", "<html><body><br></body></html>"],
    ["too deep a nest", "<a>".repeat(40) + "</a>".repeat(40)],
  ])("is refused with %s", (_what, text) => {
    expect(() => parseXml(text)).toThrow(damaged);
  });

  it("is read in time that grows with its size", () => {
    const items = "<K>x</K>".repeat(200_000);
    expect(childrenOf(parseXml(`<a>${items}</a>`), "K")).toHaveLength(200_000);
    expect(() => parseXml(`<a ${" ".repeat(200_000)}`)).toThrow(damaged);
    expect(() => parseXml(`<a ${'b="" '.repeat(50_000)}<`)).toThrow(damaged);
  });

  it("carries any text that is written for it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(parseXml(`<a>${escapeXml(text)}</a>`).text).toBe(text);
      }),
    );
  });

  it("is an element or an error of ours, whatever comes", () => {
    const piece = fc.constantFrom("<", ">", "/", "a", "&", ";", "#x", "1", '"', "=", " ", "!", "?", "-", "]");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          expect(typeof parseXml(pieces.join("")).name).toBe("string");
        } catch (error) {
          expect(error).toMatchObject({ code: "DATA_DAMAGED" });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a list", () => {
  const list = (inner: string) => `<ListBucketResult><EncodingType>url</EncodingType>${inner}</ListBucketResult>`;

  it("has its keys decoded", () => {
    const page = readListPage(
      list(`<IsTruncated>true</IsTruncated><NextContinuationToken>t&amp;</NextContinuationToken>
        <Contents><Key>a+b%2Bc%C3%BC</Key><Size>5</Size><ETag>&quot;e&quot;</ETag><LastModified>2024-01-02T03:04:05.000Z</LastModified></Contents>
        <CommonPrefixes><Prefix>d%26/</Prefix></CommonPrefixes>`),
    );
    expect(page).toEqual({
      objects: [{ key: "a b+cü", sizeBytes: 5, etag: '"e"', lastModified: new Date("2024-01-02T03:04:05Z") }],
      prefixes: ["d&/"],
      nextToken: "t&",
    });
  });

  it("has its keys as they are where nobody encoded them", () => {
    const text = "<ListBucketResult><Contents><Key>a+b%20</Key><Size>0</Size></Contents></ListBucketResult>";
    expect(readListPage(text)).toMatchObject({ objects: [{ key: "a+b%20" }], nextToken: undefined });
  });

  it.each([
    ["another answer", "<Error/>"],
    ["a key that cannot be decoded", list("<Contents><Key>%C3</Key><Size>1</Size></Contents>")],
    ["an object without a key", list("<Contents><Size>1</Size></Contents>")],
    ["a size that is none", list("<Contents><Key>a</Key><Size>-1</Size></Contents>")],
    ["a size beyond numbers", list("<Contents><Key>a</Key><Size>99999999999999999999</Size></Contents>")],
    ["more, and no way to it", list("<IsTruncated>true</IsTruncated>")],
  ])("is refused with %s", (_what, text) => {
    expect(() => readListPage(text)).toThrow(damaged);
  });
});
