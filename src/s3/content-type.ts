// What Python's `mimetypes` knows without the help of the system, as far as artifacts are such files.
const TYPES: Readonly<Record<string, string>> = {
  "text/plain": "bat c h ksh pl txt",
  "text/css": "css",
  "text/csv": "csv",
  "text/html": "htm html",
  "text/javascript": "js mjs",
  "text/tab-separated-values": "tsv",
  "text/x-python": "py",
  "text/xml": "xml",
  "application/json": "json",
  "application/msword": "doc dot wiz",
  "application/octet-stream": "a bin dll exe o obj so",
  "application/pdf": "pdf",
  "application/postscript": "ai eps ps",
  "application/vnd.ms-excel": "xls xlb",
  "application/vnd.ms-powerpoint": "ppt pot ppa pps pwz",
  "application/wasm": "wasm",
  "application/x-csh": "csh",
  "application/x-hdf": "hdf",
  "application/x-hdf5": "h5",
  "application/x-latex": "latex",
  "application/x-netcdf": "cdf nc",
  "application/x-python-code": "pyc pyo",
  "application/x-sh": "sh",
  "application/x-shockwave-flash": "swf",
  "application/x-tar": "tar",
  "application/x-tex": "tex",
  "application/zip": "zip",
  "audio/basic": "au snd",
  "audio/mpeg": "mp2 mp3",
  "audio/x-aiff": "aif aifc aiff",
  "audio/x-wav": "wav",
  "image/bmp": "bmp",
  "image/gif": "gif",
  "image/jpeg": "jpe jpeg jpg",
  "image/png": "png",
  "image/svg+xml": "svg",
  "image/tiff": "tif tiff",
  "image/vnd.microsoft.icon": "ico",
  "image/x-rgb": "rgb",
  "message/rfc822": "eml mht mhtml nws",
  "video/mp4": "mp4",
  "video/mpeg": "m1v mpa mpe mpeg mpg",
  "video/quicktime": "mov qt",
  "video/webm": "webm",
  "video/x-msvideo": "avi",
};

const TYPE_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(TYPES).flatMap(([type, names]) => names.split(" ").map((name) => [name, type] as const)),
);

/** What is known by its ending. */
export const KNOWN_ENDINGS: readonly string[] = [...TYPE_OF.keys()];

const ENCODING_OF: ReadonlyMap<string, string> = new Map([
  ["gz", "gzip"],
  ["Z", "compress"],
  ["bz2", "bzip2"],
  ["xz", "xz"],
  ["br", "br"],
]);
/** Two endings in one. */
const SHORT: ReadonlyMap<string, string> = new Map([
  ["svgz", ".svg.gz"],
  ["tgz", ".tar.gz"],
  ["taz", ".tar.gz"],
  ["tz", ".tar.gz"],
  ["tbz2", ".tar.bz2"],
  ["txz", ".tar.xz"],
]);

/** The headers that MLflow gives an artifact for its name: what Python would guess, and nothing where it would not. */
export function contentHeaders(path: string): Record<string, string> {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const whole = name.replace(/(.)\.([^.]+)$/, (all, before, ending) => {
    const long = SHORT.get(ending.toLowerCase());
    return long === undefined ? all : before + long;
  });
  const encoding = ENCODING_OF.get(endingOf(whole));
  const type = TYPE_OF.get(
    endingOf(encoding === undefined ? whole : whole.slice(0, whole.lastIndexOf("."))).toLowerCase(),
  );
  return {
    ...(type === undefined ? {} : { "content-type": type }),
    ...(encoding === undefined ? {} : { "content-encoding": encoding }),
  };
}

/** Behind the last dot that is not the first character. */
const endingOf = (name: string): string => /[^.].*?\.([^.]*)$/.exec(name)?.[1] ?? "";
