#!/usr/bin/env node
/** The command line. Signals are listened for before anything else is loaded: whoever interrupts early is answered, too. */
import { keepCompiled } from "../../host/compiled.ts";
import { startProxyAnew } from "./anew.ts";
import { listenForInterrupts } from "./interrupt.ts";

startProxyAnew(process.argv[2]);
const interrupts = listenForInterrupts();
keepCompiled();
const { runCommandLine } = await import("./program.ts");
const exitCode = await runCommandLine(interrupts);
// A bug has set it already, wherever it came to light.
process.exitCode ??= exitCode;
interrupts.done();
