#!/usr/bin/env node
/** The command line. Signals are listened for before anything else is loaded: whoever interrupts early is answered, too. */
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { listenForInterrupts } from "./interrupt.ts";

const interrupts = listenForInterrupts();
// What was compiled once need not be again, which is a third of a short command; where the folder can't be written, it is.
enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/compiled", import.meta.url)));
const { runCommandLine } = await import("./program.ts");
const exitCode = await runCommandLine(interrupts);
// A bug has set it already, wherever it came to light.
process.exitCode ??= exitCode;
interrupts.done();
