#!/usr/bin/env node
/** The command line. Signals are listened for before anything else is loaded: whoever interrupts early is answered, too. */
import { listenForInterrupts } from "./interrupt.ts";

const interrupts = listenForInterrupts();
const { runCommandLine } = await import("./program.ts");
process.exitCode = await runCommandLine(interrupts);
interrupts.done();
