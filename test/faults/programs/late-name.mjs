// Loaded before a program: the host LATE_NAME is not found, as any other that does not exist, until the file LATE_NAME_FILE is there;
// then it is this machine.
import dns from "node:dns";
import { existsSync } from "node:fs";

const { lookup } = dns;
const { LATE_NAME, LATE_NAME_FILE } = process.env;
dns.lookup = (name, ...rest) => lookup(name === LATE_NAME && existsSync(LATE_NAME_FILE) ? "127.0.0.1" : name, ...rest);
